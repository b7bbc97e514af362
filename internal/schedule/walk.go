package schedule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// walker goes through the tokens of a source that is known to be JSON. It knows
// the place it is at, as an offset and as a path such as [3].promise[0].
type walker struct {
	source
	decoder *json.Decoder
	path    []step
}

// step is one part of a path: a key, or, when key is empty, an index.
type step struct {
	key   string
	index int
}

func newWalker(source source) walker {
	decoder := json.NewDecoder(bytes.NewReader(source.data))
	decoder.UseNumber()
	return walker{source: source, decoder: decoder}
}

// begin returns the offset at which the next token begins. The decoder says
// where the last one ended; between the two there are only separators.
func (w *walker) begin() int {
	return w.skip(int(w.decoder.InputOffset()), separators)
}

// next reads a token and returns where it begins.
func (w *walker) next() (token json.Token, begin int, err error) {
	begin = w.begin()
	if token, err = w.decoder.Token(); err != nil {
		err = w.wrong(begin, "not JSON: %v", err)
	}
	return token, begin, err
}

// open reads the delimiter that begins a list or an object.
func (w *walker) open(delim json.Delim, want string) error {
	token, begin, err := w.next()
	if err == nil && token != delim {
		err = w.wrong(begin, "want %s, not %s", want, describe(token))
	}
	return err
}

// close reads the delimiter that ends a list or an object.
func (w *walker) close() error {
	_, _, err := w.next()
	return err
}

// list reads a list and calls element to read each of its elements.
func (w *walker) list(want string, element func() error) error {
	if err := w.open('[', want); err != nil {
		return err
	}
	for i := 0; w.decoder.More(); i++ {
		if err := w.under(step{index: i}, element); err != nil {
			return err
		}
	}
	return w.close()
}

// object reads an object and returns its keys. It calls member after each key
// to read the value; begin is where the key begins. member refuses the keys it
// does not know, so keys stay few.
func (w *walker) object(want string, member func(key string, begin int) error) (keys []string, err error) {
	if err := w.open('{', want); err != nil {
		return nil, err
	}
	for w.decoder.More() {
		token, begin, err := w.next()
		if err != nil {
			return nil, err
		}
		key := token.(string)
		if slices.Contains(keys, key) {
			return nil, w.wrong(begin, "duplicate key %s: want it once", quote(key))
		}
		keys = append(keys, key)
		if err := member(key, begin); err != nil {
			return nil, err
		}
	}
	return keys, w.close()
}

// line reads a string that has no line breaks and no other control characters.
func (w *walker) line(want string) (string, error) {
	token, begin, err := w.next()
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", w.wrong(begin, "want %s, not %s", want, describe(token))
	}
	if at := strings.IndexFunc(text, breaksLine); at >= 0 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		return "", w.wrong(begin, "%U in the text: want %s, on one line and without control characters", r, want)
	}
	return text, nil
}

// breaksLine tells whether r is a control character or a line break of Unicode.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// under calls read with one more step on the path.
func (w *walker) under(s step, read func() error) error {
	w.path = append(w.path, s)
	err := read()
	w.path = w.path[:len(w.path)-1]
	return err
}

// wrong returns an error about the byte at offset, with the path of where the
// walker is.
func (w *walker) wrong(offset int, format string, args ...any) error {
	problem := fmt.Sprintf(format, args...)
	if len(w.path) > 0 {
		problem = w.place() + ": " + problem
	}
	return w.fail(offset, "%s", problem)
}

// placeEnd is how many steps of a long path are shown at either end of it.
const placeEnd = 6

// place returns the path, without its middle when it is long.
func (w *walker) place() string {
	var place strings.Builder
	for i, s := range w.path {
		switch {
		case i >= placeEnd && i < len(w.path)-placeEnd:
			if i == placeEnd {
				place.WriteString("...")
			}
		case s.key != "":
			place.WriteString("." + s.key)
		default:
			place.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	return place.String()
}

// describe names the type of the value that token is or begins.
func describe(token json.Token) string {
	switch token := token.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(token)
	case string:
		return "a string"
	case json.Number:
		return "a number"
	}
	if token == json.Delim('[') {
		return "a list"
	}
	return "an object"
}

// quoteLimit is how many bytes of a text an error repeats.
const quoteLimit = 40

func quote(text string) string {
	if len(text) > quoteLimit {
		return strconv.Quote(text[:quoteLimit]) + "..."
	}
	return strconv.Quote(text)
}
