package fault

import (
	"brownout/internal/loop"
	"brownout/internal/shop"
)

// errorCodes are what a client is told with each status.
var errorCodes = map[string]shop.Code{
	"429": shop.CodeRateLimited,
	"500": shop.CodeInternal,
	"502": shop.CodeBadGateway,
	"503": shop.CodeUnavailable,
	"504": shop.CodeDeadline,
}

// httpError is a service that answers with errors. Nothing is done for a request that it
// hits, whatever the status says about that.
func httpError(h Host) Kind {
	return Kind{
		Name:    "http.error",
		Summary: "Answers requests with an error instead of handling them.",
		Missing: missing(h.Filter != nil, "routes"),
		Params: []Param{
			routeParam(),
			{Name: "status", Help: "the status", Type: Choice, Default: "503", Choices: []string{"429", "500", "502", "503", "504"}},
			{
				Name: "burst", Help: "how many errors come in a row; with a toxicity, as many good answers as it asks for are between two rows",
				Type: Int, Default: "1", Min: "1", Max: "10000",
			},
		},
		Start: func(i *Injection) error {
			burst, failure := i.Int("burst"), &shop.Error{Code: errorCodes[i.Text("status")], Message: "a fault was injected"}
			return h.Filter.add(i, func(t *loop.Task, h *harmer) error {
				if h.hits(t, burst) {
					return failure
				}
				return nil
			})
		},
	}
}
