# The one binary, alone in its image: static, for amd64 and arm64, run by a user who may do nothing.
#
#   docker build -t brownout:local .
#   docker buildx build --platform linux/amd64,linux/arm64 -t ... .

ARG GO_IMAGE=golang:1.26.8-bookworm

# The compiler runs on the machine that builds, and compiles for the one that is asked for.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/cache \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOMODCACHE=/cache/modules GOCACHE=/cache/build \
    go build -trimpath -buildvcs=false -ldflags='-s -w' -o /image/brownout ./cmd/brownout

# The folders that volumes are mounted over. A new volume takes owner and mode of its folder, so that no
# process has to be root to be given one.
RUN cd /image && umask 077 && mkdir -p \
    init/secrets/init init/secrets/gateway init/secrets/payments init/secrets/inventory init/secrets/bank-a init/secrets/bank-b \
    init/secrets/links init/secrets/load init/secrets/room init/secrets/redis init/secrets/prometheus init/secrets/grafana \
    init/data/bank-a init/data/bank-b init/data/load init/data/redis init/data/prometheus init/data/room

FROM scratch
COPY --from=build --chown=65532:65532 /image /
USER 65532:65532
ENTRYPOINT ["/brownout"]
