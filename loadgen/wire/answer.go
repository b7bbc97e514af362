package wire

import (
	"bytes"
	"strings"

	"brownout/loadgen"
)

// Bounds of an answer, in bytes.
const (
	maxHead    = 64 << 10 // of all lines before the body, and of those around chunks, beyond chunkLines for each chunk
	chunkLines = 16
	maxBody    = 4 << 20
	maxProblem = 8 << 10 // of the body of an answer that is no 2xx, as far as it is kept
	maxKept    = 4 << 10 // of the memory for a line, until the next answer
)

// A failure is why an answer cannot be taken. It is what a sample's Error says.
type failure string

const (
	badStatus failure = "malformed-status-line"
	badField  failure = "malformed-header"
	badLength failure = "malformed-length" // more than one, or none that makes sense
	badChunk  failure = "malformed-chunk"
	tooLarge  failure = loadgen.FailureTooLarge
)

// Error says it in the words of the package.
func (f failure) Error() string { return "wire: " + string(f) }

// Failure is what loadgen.FailureOf makes of it.
func (f failure) Failure() string { return string(f) }

// A phase is what an answer goes on with.
type phase uint8

const (
	atStatus   phase = iota // the status line
	atField                 // a line of the head behind that
	atBody                  // a body of a known length
	atClose                 // a body that ends with the connection
	atSize                  // the line before a chunk
	atChunk                 // a chunk
	atChunkEnd              // the end of the line behind a chunk
	atTrailer               // a line behind the last chunk
	atEnd                   // nothing: it is whole
)

// An answer is one of HTTP/1.1 or 1.0 (RFC 9112), read from a connection in whatever pieces it comes. It is read strictly:
// what is not framed as that says is a failure, for whatever came behind it could not be trusted. A line may
// also end without its carriage return (section 2.2). Answers of 1xx are passed over. Memory is used again: begin makes it
// the next one.
type answer struct {
	ofHead bool // it answers a HEAD, so it has no body

	phase phase
	line  []byte // the beginning of one that is not whole
	lines int    // bytes of lines, of the head or around chunks, but for what each chunk may have
	left  int64  // bytes of the body, or the chunk, that are still to come

	// From the head.
	status        int
	minor         byte  // of the version: '0' or '1'
	length        int64 // of the body; -1 if it does not say
	chunked       bool
	closes, keeps bool // the connection

	size int64  // bytes of the body so far
	body []byte // of an answer that is no 2xx, up to maxProblem
}

// begin makes it the next answer.
func (a *answer) begin(ofHead bool) {
	line := a.line[:0]
	if cap(line) > maxKept {
		line = nil
	}
	*a = answer{ofHead: ofHead, line: line, body: a.body[:0]}
}

// feed takes bytes that have come, and returns how many of them were the answer's: all of them unless it is whole, or
// failed.
func (a *answer) feed(p []byte) (used int, err error) {
	for used < len(p) && a.phase != atEnd && err == nil {
		var n int
		switch a.phase {
		case atBody, atChunk, atClose:
			n, err = a.takeBody(p[used:])
		default:
			n, err = a.takeLine(p[used:])
		}
		used += n
	}
	return used, err
}

// whole says whether nothing is to come.
func (a *answer) whole() bool { return a.phase == atEnd }

// hangUp says that the connection has ended, and returns whether the answer is whole then.
func (a *answer) hangUp() bool {
	if a.phase == atClose {
		a.phase = atEnd
	}
	return a.whole()
}

// persists says whether the connection may be used for another request. The answer is whole.
func (a *answer) persists() bool { return !a.closes && (a.minor == '1' || a.keeps) }

// takeLine takes the rest of a line, or what there is of it.
func (a *answer) takeLine(p []byte) (n int, err error) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		n = len(p)
	} else {
		n = end + 1
	}
	if a.lines += n; a.lines > maxHead {
		return n, tooLarge
	}
	if end < 0 {
		a.line = append(a.line, p...)
		return n, nil
	}
	line := p[:end]
	if len(a.line) > 0 {
		line = append(a.line, line...)
		a.line = line[:0] // is not written to before the next line
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	if bytes.IndexByte(line, '\r') >= 0 {
		return n, badField
	}
	return n, a.readLine(line)
}

func (a *answer) readLine(line []byte) error {
	switch {
	case a.phase == atStatus:
		return a.readStatus(line)
	case a.phase == atSize:
		return a.readSize(line)
	case a.phase == atChunkEnd:
		a.phase = atSize
		if len(line) > 0 {
			return badChunk
		}
		return nil
	case len(line) > 0:
		return a.readField(line)
	case a.phase == atTrailer:
		a.phase = atEnd
		return nil
	}
	return a.endHead()
}

// readStatus reads a status line: HTTP/1.1 200 OK.
func (a *answer) readStatus(line []byte) error {
	const from, to = len("HTTP/1.1 "), len("HTTP/1.1 200")
	if len(line) < to || string(line[:len("HTTP/1.")]) != "HTTP/1." || len(line) > to && line[to] != ' ' {
		return badStatus
	}
	a.minor = line[from-2]
	status, ok := number(line[from:to])
	if a.minor != '0' && a.minor != '1' || line[from-1] != ' ' || !ok || status < 100 {
		return badStatus
	}
	a.phase, a.status, a.length = atField, int(status), -1
	a.chunked, a.closes, a.keeps = false, false, false
	return nil
}

// readField reads a line of the head, or of the trailer, in which nothing counts.
func (a *answer) readField(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !isToken(line[:colon]) {
		return badField
	}
	if a.phase == atTrailer {
		return nil
	}
	name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
	switch {
	case is(name, "content-length"):
		return a.readLength(value)
	case is(name, "transfer-encoding"):
		if a.chunked || !is(value, "chunked") {
			return badLength
		}
		a.chunked = true
	case is(name, "connection"):
		a.readConnection(value)
	}
	return nil
}

func (a *answer) readLength(value []byte) error {
	n, ok := number(value)
	if !ok || a.length >= 0 && a.length != n {
		return badLength
	}
	a.length = n
	return nil
}

func (a *answer) readConnection(value []byte) {
	for len(value) > 0 {
		option, rest, _ := bytes.Cut(value, []byte(","))
		option = bytes.Trim(option, " \t")
		a.closes = a.closes || is(option, "close")
		a.keeps = a.keeps || is(option, "keep-alive")
		value = rest
	}
}

// endHead finds out what the body is (RFC 9112, section 6.3).
func (a *answer) endHead() error {
	switch {
	case a.status == 101: // nobody has asked for another protocol
		return badStatus
	case a.status < 200:
		a.phase = atStatus
	case a.ofHead || a.status == 204 || a.status == 304:
		a.phase = atEnd
	case a.chunked && (a.length >= 0 || a.minor == '0'):
		return badLength
	case a.chunked:
		a.phase, a.lines = atSize, 0
	case a.length > maxBody:
		return tooLarge
	case a.length == 0:
		a.phase = atEnd
	case a.length > 0:
		a.phase, a.left = atBody, a.length
	default:
		a.phase, a.closes = atClose, true
	}
	return nil
}

// readSize reads the line before a chunk: its size in hexadecimal digits, and extensions, which nobody needs.
func (a *answer) readSize(line []byte) error {
	var size int64
	digits := 0
	for ; digits < len(line); digits++ {
		d, ok := hexadecimal(line[digits])
		if !ok {
			break
		}
		if size = size<<4 | d; a.size+size > maxBody {
			return tooLarge
		}
	}
	extension := bytes.TrimLeft(line[digits:], " \t")
	if digits == 0 || len(extension) > 0 && extension[0] != ';' {
		return badChunk
	}
	a.phase, a.left, a.lines = atChunk, size, max(a.lines-chunkLines, 0)
	if size == 0 {
		a.phase = atTrailer
	}
	return nil
}

// takeBody takes what there is of the body.
func (a *answer) takeBody(p []byte) (n int, err error) {
	if a.phase != atClose {
		p = p[:min(int64(len(p)), a.left)]
		a.left -= int64(len(p))
	}
	if a.size += int64(len(p)); a.size > maxBody {
		return len(p), tooLarge
	}
	if a.status < 200 || a.status > 299 {
		a.body = append(a.body, p[:min(len(p), maxProblem-len(a.body))]...)
	}
	switch {
	case a.phase == atClose || a.left > 0:
	case a.phase == atBody:
		a.phase = atEnd
	default:
		a.phase = atChunkEnd
	}
	return len(p), nil
}

// number reads decimal digits, of which there is at least one. What is too large for anything stays so.
func number(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), 1<<40)
	}
	return n, len(digits) > 0
}

func hexadecimal(c byte) (int64, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int64(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int64(c|0x20-'a') + 10, true
	}
	return 0, false
}

// isToken says whether a text is a token (RFC 9110, section 5.6.2).
func isToken(text []byte) bool {
	for _, c := range text {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '-':
		case strings.IndexByte("!#$%&'*+.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// is says whether a text is a word, which is in small letters, in letters of whichever case.
func is(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
