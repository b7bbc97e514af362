package loadgen

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"brownout/chaos/evidence"
)

// A Journal keeps every sample as a line of JSON in a file. One goroutine may use it at a
// time. After an error it writes nothing more and returns that error again.
type Journal struct {
	file    *os.File
	buffer  *bufio.Writer
	encoder *json.Encoder
	failed  error
}

// journalBuffer is written at once: some 150 samples.
const journalBuffer = 64 << 10

// OpenJournal makes a journal, which only its owner may read. A file that is there is
// never overwritten: it is refused with fs.ErrExist, or, if appending, added to, provided
// that its last line is whole.
func OpenJournal(path string, appending bool) (*Journal, error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if appending {
		flags = os.O_RDWR | os.O_CREATE | os.O_APPEND
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := checkEnd(file); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return newJournal(file), nil
}

func newJournal(file *os.File) *Journal {
	buffer := bufio.NewWriterSize(file, journalBuffer)
	return &Journal{file: file, buffer: buffer, encoder: json.NewEncoder(buffer)}
}

// checkEnd refuses a file whose last line does not end: whatever follows would be lost
// with it.
func checkEnd(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil // nothing to look back at: /dev/stdout, a pipe
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil && err != io.EOF {
		return err
	}
	if last[0] != '\n' {
		return fmt.Errorf("the last line is torn, so nothing can follow: %w", fs.ErrInvalid)
	}
	return nil
}

// Write adds a sample. It may stay in memory until Flush.
func (j *Journal) Write(sample *evidence.Sample) error {
	if j.failed == nil {
		j.failed = j.encoder.Encode(sample)
	}
	return j.failed
}

// Flush hands all samples to the system.
func (j *Journal) Flush() error {
	if j.failed == nil {
		j.failed = j.buffer.Flush()
	}
	return j.failed
}

// Close flushes, makes sure that the file survives a crash of the machine, and closes it.
func (j *Journal) Close() error {
	err := j.Flush()
	if err == nil {
		err = syncFile(j.file)
	}
	return errors.Join(err, j.file.Close())
}

// syncFile syncs what can be synced, which pipes and terminals cannot.
func syncFile(file *os.File) error {
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	return file.Sync()
}
