package service

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"brownout/internal/shop"
)

// Decode reads a JSON body into a T. It refuses, with the place: what is no JSON,
// invalid UTF-8, members that T does not have, members that come twice, null,
// values of another type, anything behind the value, and an empty body.
func Decode[T any](body []byte) (T, error) {
	var v T
	if err := refuseNull(body); err != nil {
		return v, err
	}
	err := json.Unmarshal(body, &v, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false))
	if err != nil {
		return v, decodeError(err)
	}
	return v, nil
}

// refuseNull finds a null, which decoding would take for a value that is absent.
func refuseNull(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	for {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return decodeError(err)
		case token.Kind() == 'n':
			return shop.Invalid(pointer(d.StackPointer()), "must not be null")
		}
	}
}

// decodeError says in a client's words what is wrong, and where.
func decodeError(err error) *shop.Error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return shop.Invalid("/", "is empty or ends too soon")
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return shop.Invalid(pointer(e.JSONPointer), "is malformed at byte "+strconv.FormatInt(e.ByteOffset, 10)+": "+cause(e.Err))
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(e.Err, json.ErrUnknownName) {
			return shop.Invalid(pointer(e.JSONPointer), "is not a member of this request")
		}
		return shop.Invalid(pointer(e.JSONPointer), "has a wrong value: "+semanticCause(e))
	}
	return shop.Invalid("/", "is malformed")
}

func semanticCause(e *json.SemanticError) string {
	if e.Err != nil {
		return cause(e.Err)
	}
	return "a JSON " + e.JSONKind.String() + " is not what belongs here"
}

func cause(err error) string {
	if err == nil {
		return "not JSON"
	}
	return printable(strings.TrimPrefix(err.Error(), "jsontext: "))
}

// pointer is a JSON pointer as clients are told it: bounded, and "/" for the whole.
func pointer(p jsontext.Pointer) string {
	if p == "" {
		return "/"
	}
	return printable(string(p))
}

// printable bounds a text that comes from a client and keeps control characters out.
func printable(text string) string {
	const most = 120
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
