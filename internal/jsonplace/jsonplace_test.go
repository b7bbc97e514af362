package jsonplace_test

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"brownout/internal/jsonplace"
)

func TestOf(t *testing.T) {
	const text = "ab\ncd"
	for _, tt := range []struct {
		err          error
		line, column int
	}{
		{&json.SyntaxError{Offset: 0}, 1, 1},
		{&json.SyntaxError{Offset: 1}, 1, 1},
		{&json.SyntaxError{Offset: 3}, 1, 3}, // the end of the line
		{&json.SyntaxError{Offset: 4}, 2, 1},
		{fmt.Errorf("wrapped: %w", &json.UnmarshalTypeError{Offset: 5}), 2, 2},
		{&json.SyntaxError{Offset: 99}, 2, 3},
		{io.ErrUnexpectedEOF, 0, 0},
	} {
		if line, column := jsonplace.Of([]byte(text), tt.err); line != tt.line || column != tt.column {
			t.Errorf("%#v: %d:%d, want %d:%d", tt.err, line, column, tt.line, tt.column)
		}
	}
}

func ExampleOf() {
	text := []byte("{\n  oops}")
	err := json.Unmarshal(text, new(any))
	line, column := jsonplace.Of(text, err)
	fmt.Printf("%d:%d: %v\n", line, column, err)
	// Output: 2:3: invalid character 'o' looking for beginning of object key string
}
