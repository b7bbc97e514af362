package schedule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// source is a text with a name, which knows where its bytes are.
type source struct {
	name string
	data []byte
}

// fail returns an error that begins with name:line:column of the byte at
// offset. Lines and columns count from 1, columns in bytes.
func (s *source) fail(offset int, format string, args ...any) error {
	column := offset - bytes.LastIndexByte(s.data[:offset], '\n')
	return fmt.Errorf("%s:%d:%d: %s", s.name, s.lineAt(offset), column, fmt.Sprintf(format, args...))
}

// lineAt returns the line, from 1, of the byte at offset.
func (s *source) lineAt(offset int) int {
	return 1 + bytes.Count(s.data[:offset], []byte("\n"))
}

// check refuses what is not a single JSON value in UTF-8, of bounded size.
func (s *source) check() error {
	if len(s.data) > MaxSize {
		return s.fail(MaxSize, "the text is longer than the %d bytes allowed", MaxSize)
	}
	if bytes.HasPrefix(s.data, []byte("\uFEFF")) {
		return s.fail(0, "the text begins with a byte order mark (U+FEFF), which JSON does not need: save it as UTF-8 without BOM")
	}
	if at := firstInvalid(s.data); at >= 0 {
		return s.fail(at, "byte 0x%02x is not valid UTF-8 here: save the text as UTF-8", s.data[at])
	}
	return s.checkJSON()
}

// firstInvalid returns the offset of the first byte that is not UTF-8, or -1.
func firstInvalid(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// checkJSON reads one value to see whether it is JSON, and that nothing follows
// it. A value nested deeper than encoding/json goes is let through: the walk
// over its tokens stops long before that depth.
func (s *source) checkJSON() error {
	decoder := json.NewDecoder(bytes.NewReader(s.data))
	var value json.RawMessage
	err := decoder.Decode(&value)
	if err == nil {
		return s.checkEnd(int(decoder.InputOffset()))
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return s.checkSyntax(syntax)
	}
	if errors.Is(err, io.EOF) {
		return s.fail(len(s.data), "the text is empty: want a program or a list of puzzles, at least []")
	}
	return s.fail(len(s.data), "the text ends before its JSON does: want the rest of it, down to the last ]")
}

// checkEnd refuses anything but white space from offset on.
func (s *source) checkEnd(offset int) error {
	if at := s.skip(offset, blanks); at < len(s.data) {
		return s.fail(at, "more text follows the end of the JSON value: want one value only")
	}
	return nil
}

func (s *source) checkSyntax(err *json.SyntaxError) error {
	if strings.Contains(err.Error(), "exceeded max depth") {
		return nil
	}
	return s.fail(int(err.Offset)-1, "not JSON: %v", err)
}

const (
	blanks     = " \t\r\n"
	separators = blanks + ",:"
)

// skip returns the offset of the first byte from offset on that is not in set.
func (s *source) skip(offset int, set string) int {
	for offset < len(s.data) && strings.IndexByte(set, s.data[offset]) >= 0 {
		offset++
	}
	return offset
}
