package loadgen

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Merge adds the samples of other journals, which ran beside each other and have no head, in the order
// in which they ended. A last line that is torn is left out: its writer was killed. An error names the
// journal and the line.
func (j *Journal) Merge(paths ...string) error {
	var parts []*journalPart
	defer func() {
		for _, p := range parts {
			_ = p.file.Close() // only read from
		}
	}()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		part := &journalPart{file: file, lines: bufio.NewReaderSize(file, journalBuffer)}
		parts = append(parts, part)
		if err := part.next(); err != nil {
			return err
		}
	}
	for first := earliest(parts); first != nil; first = earliest(parts) {
		if err := errors.Join(j.writeLine(first.line), first.next()); err != nil {
			return err
		}
	}
	return j.err()
}

// writeLine adds a line that is a sample already, with its end.
func (j *Journal) writeLine(line []byte) error {
	j.text = append(j.text, line...)
	if len(j.text) < journalBuffer {
		return j.err()
	}
	return j.Pass()
}

// A journalPart is a journal of which a line is looked at.
type journalPart struct {
	file   *os.File
	lines  *bufio.Reader
	number int
	line   []byte // nil behind the last one
	ended  time.Time
}

// next looks at the next line.
func (p *journalPart) next() error {
	line, err := p.lines.ReadSlice('\n')
	p.number++
	if err == io.EOF {
		p.line = nil
		return nil
	}
	var sample struct {
		Intended time.Time     `json:"intended"`
		Latency  time.Duration `json:"latency_ns"`
	}
	if err == nil {
		err = json.Unmarshal(line, &sample)
	}
	if err != nil {
		return fmt.Errorf("%s:%d: %w", p.file.Name(), p.number, err)
	}
	p.line, p.ended = line, sample.Intended.Add(sample.Latency)
	return nil
}

// earliest is the part whose line ended first, nil if no part has any.
func earliest(parts []*journalPart) (first *journalPart) {
	for _, p := range parts {
		if p.line != nil && (first == nil || p.ended.Before(first.ended)) {
			first = p
		}
	}
	return first
}
