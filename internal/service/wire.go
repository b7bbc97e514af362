package service

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

// methodOf spares an allocation for the methods that there are.
func methodOf(h *fasthttp.RequestHeader) string {
	switch method := h.Method(); string(method) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	default:
		return string(method)
	}
}

// splitTarget splits the target of a request (RFC 9112, 3.2) into its path, with
// percent-encoding undone, and its query. A path in which something hides is refused: an
// encoded slash would be a border between segments to one reader and not to another.
func splitTarget(target string) (path, query string, err error) {
	path, query, _ = strings.Cut(target, "?")
	if path == "" || path[0] != '/' {
		if path, err = absolutePath(path); err != nil {
			return path, query, err
		}
	}
	if strings.IndexByte(path, '%') < 0 {
		return path, query, checkPath(path)
	}
	plain, err := url.PathUnescape(path)
	if err != nil || strings.Count(plain, "/") != strings.Count(path, "/") {
		return path, query, errPath()
	}
	return plain, query, checkPath(plain)
}

// absolutePath returns the path of a target in absolute form, as proxies are sent it. Whose
// it is does not matter: there is one host here.
func absolutePath(target string) (string, error) {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", errPath()
	}
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return "/", nil
	}
	return rest[at:], nil
}

func checkPath(path string) error {
	if !utf8.ValidString(path) || strings.IndexFunc(path, unicode.IsControl) >= 0 {
		return errPath()
	}
	return nil
}

func errPath() error {
	return shop.Invalid("path", "has percent-encoding, control characters or bytes that do not belong in a path")
}

// single lists the headers that decide what a request does. Of one that is given twice,
// two readers may each take another.
var single = [...]string{
	shop.HeaderIdempotencyKey, "Authorization", shop.HeaderDeadline, shop.HeaderCustomer, shop.HeaderTraceparent, "Content-Type",
}

// checkHeaders looks at headers as they were sent. Transfer-Encoding is refused, for no
// client of the shop needs it, and where two servers differ about it requests can be
// smuggled (RFC 9112, 11.2).
func checkHeaders(raw []byte) error {
	var seen [len(single)]bool
	for len(raw) > 0 {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\n"))
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		if isHeader(name, "Transfer-Encoding") {
			return errTransferEncoding()
		}
		for i := range single {
			if !isHeader(name, single[i]) {
				continue
			}
			if seen[i] {
				return shop.Invalid("header:"+single[i], "is given more than once")
			}
			seen[i] = true
		}
	}
	return nil
}

func isHeader(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}

func errTransferEncoding() error {
	return &shop.Error{Code: shop.CodeLength, Message: "send a Content-Length and no Transfer-Encoding"}
}
