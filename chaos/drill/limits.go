package drill

import (
	"fmt"
	"unicode"
)

// Limits of what is parsed at all. The time that the YAML parser takes grows with the square of
// lines and marks.
const (
	maxLines = 2000
	maxMarks = 4000 // of structure: dashes, colons, commas and brackets
	maxDepth = 16   // of brackets, and of dashes on a line
)

// A scan goes through a text to see whether it can be given to the YAML parser.
type scan struct {
	at       place
	marks    int
	brackets int  // open ones
	dashes   int  // at the beginning of the line
	mayBegin bool // only spaces and dashes came before on the line
	mark     bool // the last character may be one, if a space follows
}

// unreadable says where and why a text is not parsed, "" if it is.
func unreadable(text string) (place, string) {
	s := scan{at: place{1, 0}, mayBegin: true}
	for _, c := range text {
		s.next(c)
		if why := s.why(c); why != "" {
			return s.at, why
		}
	}
	return place{}, ""
}

func (s *scan) next(c rune) {
	if s.mark && unicode.IsSpace(c) {
		s.marks++
	}
	s.mark = c == '-' || c == '?' || c == ':' || c == ','
	switch c {
	case '\n':
		s.at, s.mayBegin, s.dashes = place{s.at.line + 1, 0}, true, 0
		return
	case '[', '{':
		s.marks++
		s.brackets++
	case ']', '}':
		s.brackets = max(s.brackets-1, 0)
	case '-', '?':
		if s.mayBegin {
			s.dashes++
		}
	}
	s.at.column++
	s.mayBegin = s.mayBegin && (c == ' ' || c == '-' || c == '?')
}

// why says what is wrong with the text up to a character.
func (s *scan) why(c rune) string {
	switch {
	case c == unicode.ReplacementChar, c != '\n' && c != '\r' && unicode.IsControl(c):
		return fmt.Sprintf("%q is not allowed; a file is text in UTF-8, indented with spaces", c)
	case s.at.line > maxLines:
		return fmt.Sprintf("has more than %d lines, which are allowed", maxLines)
	case s.marks > maxMarks:
		return fmt.Sprintf("has more than %d dashes, colons, commas and brackets, which are allowed", maxMarks)
	case s.brackets > maxDepth, s.dashes > maxDepth:
		return fmt.Sprintf("is nested too deeply; at most %d levels are allowed", maxDepth)
	}
	return ""
}
