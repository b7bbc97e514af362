// Package jsonplace says where in a text of JSON an error is, for whoever has to mend it.
package jsonplace

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Of returns the line and the column of an error of encoding/json in the text that it was asked to read. Both count
// from 1, columns in bytes. It returns zeros if the error does not tell.
func Of(text []byte, err error) (line, column int) {
	var offset int64
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	} else {
		return 0, 0
	}
	before := text[:min(max(offset-1, 0), int64(len(text)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
