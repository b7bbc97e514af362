package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// MaxLine bounds a line of a journal, in bytes.
const MaxLine = 16 << 10

// ErrTorn says that a journal ends in the middle of a line, as it does when its
// writer was killed. The samples before that line are good.
var ErrTorn = errors.New("the last line is torn: the journal's writer did not end well")

var errLong = fmt.Errorf("the line is longer than the %d bytes allowed", MaxLine)

// ReadJournal yields the samples of a journal: JSON lines, one sample each, behind a head
// if it has one, an Epoch. It is strict: a line that is no sample, or a member that is
// unknown, doubled or null, is an error. An error is the last thing it yields; it begins
// with name and the number of the line, as in "journal.jsonl:12: ...". A last line without
// its end is ErrTorn, unless the sample in it is whole.
func ReadJournal(name string, r io.Reader) iter.Seq2[Sample, error] {
	return ReadJournalOf(name, r, Epoch{})
}

// ReadJournalOf does as ReadJournal does, and refuses a journal of another epoch with
// ErrOtherEpoch.
func ReadJournalOf(name string, r io.Reader, epoch Epoch) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		lines := bufio.NewReaderSize(r, MaxLine+1)
		head, found, err := readHead(lines)
		number := 1
		if err == nil {
			err = head.Check(epoch)
		}
		if err != nil {
			yield(Sample{}, fmt.Errorf("%s:%d: %w", name, number, err))
			return
		}
		if found {
			number++
		}
		yieldSamples(name, number, lines, yield)
	}
}

// yieldSamples yields the samples from a line on.
func yieldSamples(name string, number int, lines *bufio.Reader, yield func(Sample, error) bool) {
	for ; ; number++ {
		sample, err := readSample(lines)
		if err == io.EOF {
			return
		}
		if err != nil {
			err = fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if !yield(sample, err) || err != nil {
			return
		}
	}
}

// readSample reads one line. It returns io.EOF where no line begins.
func readSample(lines *bufio.Reader) (Sample, error) {
	line, err := lines.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return parseLast(line)
	case errors.Is(err, bufio.ErrBufferFull):
		return Sample{}, errLong
	case err != nil:
		return Sample{}, err
	}
	return parseSample(line)
}

// parseLast parses a line that does not end. JSON cannot be whole without its last
// brace, so whatever parses was written to its end.
func parseLast(line []byte) (Sample, error) {
	sample, err := parseSample(line)
	if err != nil && !json.Valid(line) {
		return Sample{}, ErrTorn
	}
	return sample, err
}

func parseSample(line []byte) (Sample, error) {
	if err := checkMembers(line); err != nil {
		return Sample{}, err
	}
	var sample Sample
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&sample); err != nil {
		return Sample{}, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return sample, sample.check()
}

// checkMembers refuses what encoding/json would let pass: anything but one flat
// object, members that come twice or in other letters, and null.
func checkMembers(line []byte) error {
	if !json.Valid(line) {
		return errors.New("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if token, _ := d.Token(); token != json.Delim('{') {
		return errors.New("want an object")
	}
	seen := map[string]bool{}
	for d.More() {
		if err := checkMember(d, seen); err != nil {
			return err
		}
	}
	return nil
}

func checkMember(d *json.Decoder, seen map[string]bool) error {
	key, _ := d.Token() // no error: the line is valid, and a member begins here
	name, _ := key.(string)
	value, _ := d.Token()
	_, nested := value.(json.Delim)
	switch {
	case seen[name]:
		return fmt.Errorf("%q: comes twice", name)
	case name != strings.ToLower(name):
		return fmt.Errorf("%q: unknown member", name)
	case value == nil:
		return fmt.Errorf("%q: must not be null", name)
	case nested:
		return fmt.Errorf("%q: want a plain value", name)
	}
	seen[name] = true
	return nil
}

// check refuses a sample that lacks what every sample has.
func (s Sample) check() error {
	switch s.Outcome {
	case Acknowledged, Refused, Unknown, Unsent:
	default:
		return fmt.Errorf("outcome %q: want %s, %s, %s or %s", s.Outcome, Acknowledged, Refused, Unknown, Unsent)
	}
	switch {
	case s.Route == "":
		return errors.New("no route")
	case s.Seq < 0:
		return fmt.Errorf("seq %d: must not be negative", s.Seq)
	}
	return nil
}
