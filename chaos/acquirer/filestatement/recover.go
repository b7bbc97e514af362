package filestatement

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"brownout/chaos/acquirer"
)

// A contents is what a file was found to hold.
type contents struct {
	records []acquirer.Record
	whole   int64 // bytes of the whole lines
	torn    int64 // bytes behind them
	last    int64 // the sequence number of the last movement
}

// read reads a file. Its error names the line that is corrupt.
func read(file io.Reader, name string) (*contents, error) {
	c := &contents{}
	lines := bufio.NewReaderSize(file, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			c.torn = int64(len(line))
			return c, nil
		case errors.Is(err, bufio.ErrBufferFull):
			err = fmt.Errorf("is longer than %d bytes", maxLine)
		case err == nil:
			err = c.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: the line %w", name, len(c.records)+1, err)
		}
	}
}

// add reads a whole line.
func (c *contents) add(line []byte) error {
	if len(c.records) == acquirer.MaxRecords {
		return fmt.Errorf("is one too many: a statement has at most %d records", acquirer.MaxRecords)
	}
	r, err := parseLine(line[:len(line)-1])
	if err != nil {
		return err
	}
	if err := r.Check(c.last); err != nil {
		return fmt.Errorf("does not belong here: %w", err)
	}
	if r.Line != nil {
		c.last = r.Line.Seq
	}
	c.records = append(c.records, r)
	c.whole += int64(len(line))
	return nil
}
