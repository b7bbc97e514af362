package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// An Epoch is one life of a shop's data. The zero value stands for one that is not known.
type Epoch struct {
	Name string `json:"epoch"`    // for people: other shops may have one of the same name
	ID   string `json:"epoch_id"` // nobody else's
}

// String returns the name, and enough of the id to tell it from others of that name.
func (e Epoch) String() string { return fmt.Sprintf("%s (%.6s)", e.Name, e.ID) }

// IsNot says whether both are known and they differ.
func (e Epoch) IsNot(other Epoch) bool { return e.ID != "" && other.ID != "" && e.ID != other.ID }

// ErrOtherEpoch says that a journal was kept in another epoch.
var ErrOtherEpoch = errors.New("of another epoch")

// Check returns an ErrOtherEpoch if a journal of the epoch e cannot be one of a shop whose
// data are of the epoch of.
func (e Epoch) Check(of Epoch) error {
	if !e.IsNot(of) {
		return nil
	}
	return fmt.Errorf("the journal is %w: of %v, and the shop's is %v", ErrOtherEpoch, e, of)
}

// headMark begins the head of a journal, and no sample.
const headMark = `{"epoch":`

// ReadHead returns the epoch of a journal, which may be its first line; otherwise it is not
// known. An error has no name of the journal.
func ReadHead(r io.Reader) (Epoch, error) {
	e, _, err := readHead(bufio.NewReaderSize(r, MaxLine+1))
	return e, err
}

// readHead reads a journal's first line if it is a head, and says whether it was.
func readHead(lines *bufio.Reader) (e Epoch, found bool, err error) {
	if mark, _ := lines.Peek(len(headMark)); string(mark) != headMark {
		return e, false, nil // also where reading fails, which the next one finds out
	}
	line, err := lines.ReadSlice('\n')
	switch {
	case err == io.EOF && !json.Valid(line):
		return e, true, ErrTorn
	case errors.Is(err, bufio.ErrBufferFull):
		return e, true, errLong
	case err != nil && err != io.EOF:
		return e, true, err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil || e.ID == "" {
		return e, true, errors.New(`no head of a journal: want "epoch" and "epoch_id"`)
	}
	return e, true, nil
}
