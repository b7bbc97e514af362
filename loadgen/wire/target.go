package wire

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"brownout/internal/shop"
	"brownout/loadgen"
)

// A Target is one request to one server of plain HTTP/1.1, as it is sent over and over. It does not change.
type Target struct {
	route   string
	host    string
	port    uint16
	request []byte
	trace   int // where in the request the id of its trace begins
	ofHead  bool
}

const (
	userAgent    = "brownout-load"
	lookUp       = 5 * time.Second // how long a name may take to become addresses
	maxAddresses = 8               // that are tried of a name
	noTrace      = "00-00000000000000000000000000000000-0000000000000000-00"
	toTrace      = len("00-")                               // from where the value begins
	toParent     = len("00000000000000000000000000000000-") // and from there to the id of who asks
)

// NewTarget returns the request of a method to a URL of http://, with a body unless that is empty, and headers, which
// may replace the usual ones. Its samples' route is the URL's host.
func NewTarget(method string, target *url.URL, headers []loadgen.Header, body []byte) (*Target, error) {
	if target.Scheme != "http" || target.Hostname() == "" {
		return nil, fmt.Errorf("%q: want http:// and a host", target.Redacted())
	}
	if strings.Contains(target.RequestURI(), " ") {
		return nil, fmt.Errorf("%q: a space in a query is written %%20", target.Redacted())
	}
	port, err := strconv.ParseUint(cmp.Or(target.Port(), "80"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q: %q is no port", target.Redacted(), target.Port())
	}
	if err := checkRequest(method, headers); err != nil {
		return nil, err
	}
	t := &Target{route: target.Host, host: target.Hostname(), port: uint16(port), ofHead: method == http.MethodHead}
	t.write(method, target, headers, body)
	return t, nil
}

// checkRequest refuses what would not be one request.
func checkRequest(method string, headers []loadgen.Header) error {
	if !httpguts.ValidHeaderFieldName(method) || method == http.MethodConnect { // a method is a token, too
		return fmt.Errorf("%q is no method of a request", method)
	}
	for _, h := range headers {
		if !httpguts.ValidHeaderFieldName(h.Name) || !httpguts.ValidHeaderFieldValue(h.Value) {
			return fmt.Errorf("header %q: %q is no header", h.Name, h.Name+": "+h.Value)
		}
		switch http.CanonicalHeaderKey(h.Name) {
		case "Content-Length", "Transfer-Encoding":
			return fmt.Errorf("header %q: the body decides about that", h.Name)
		}
	}
	return nil
}

// resolve returns the addresses of the server, of which there is at least one.
func (t *Target) resolve(ctx context.Context) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.host)
	if err == nil && len(ips) == 0 {
		err = fmt.Errorf("%s has no address", t.host)
	}
	var addresses []netip.AddrPort
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		addresses = append(addresses, netip.AddrPortFrom(ip.Unmap(), t.port))
	}
	return addresses, err
}

// withoutZone returns a host without the zone of its address, which means something to this machine only (RFC 6874, section 4).
func withoutZone(host string) string {
	address, port, bracketed := strings.Cut(host, "]")
	if !bracketed {
		return host
	}
	address, _, _ = strings.Cut(address, "%")
	return address + "]" + port
}

// write makes the request's bytes.
func (t *Target) write(method string, target *url.URL, headers []loadgen.Header, body []byte) {
	field := func(name, value string) { t.request = fmt.Appendf(t.request, "%s: %s\r\n", name, value) }
	usual := func(name, value string) {
		if !slices.ContainsFunc(headers, func(h loadgen.Header) bool { return strings.EqualFold(h.Name, name) }) {
			field(name, value)
		}
	}
	t.request = fmt.Appendf(nil, "%s %s HTTP/1.1\r\n", method, target.RequestURI())
	usual("Host", withoutZone(target.Host))
	usual("User-Agent", userAgent)
	if password, ok := target.User.Password(); ok || target.User.Username() != "" {
		usual("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(target.User.Username()+":"+password)))
	}
	for _, h := range headers {
		if !strings.EqualFold(h.Name, shop.HeaderTraceparent) { // each request has its own
			field(h.Name, h.Value)
		}
	}
	if len(body) > 0 {
		usual("Content-Type", "application/x-www-form-urlencoded")
	}
	if len(body) > 0 || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		field("Content-Length", strconv.Itoa(len(body)))
	}
	field(shop.HeaderTraceparent, noTrace)
	t.trace = len(t.request) - len(noTrace+"\r\n") + toTrace
	t.request = append(append(t.request, "\r\n"...), body...)
}
