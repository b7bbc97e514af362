package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"sync"
)

// pipes are the Port of an agent that is told by one stream, and answers on another, an object of JSON a line.
type pipes struct {
	orders *bufio.Scanner

	mu    sync.Mutex // over words
	words io.Writer
}

// NewPipes returns such a port. To hear is not ended by a context: the stream's end does that.
func NewPipes(orders io.Reader, words io.Writer) Port {
	return &pipes{orders: newScanner(orders), words: words}
}

// Hear waits for the next line. The end of the stream is io.EOF.
func (p *pipes) Hear(context.Context) (order Order, err error) {
	if !p.orders.Scan() {
		if err = p.orders.Err(); err == nil {
			err = io.EOF
		}
		return order, err
	}
	return order, json.Unmarshal(p.orders.Bytes(), &order)
}

// Say writes a line.
func (p *pipes) Say(word Word) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return writeLine(p.words, word)
}

func newScanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(nil, MaxMessage)
	return s
}

func writeLine(w io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
