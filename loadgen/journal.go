package loadgen

import (
	"bufio"
	"cmp"
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

// OpenJournal makes a journal, which only its owner may read. It begins with its epoch, if
// that is known. A file that is there is never overwritten: it is refused with fs.ErrExist,
// or, if appending, added to, provided that its last line is whole and that it is of no
// other epoch.
func OpenJournal(path string, appending bool, epoch evidence.Epoch) (*Journal, error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if appending {
		flags = os.O_RDWR | os.O_CREATE | os.O_APPEND
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	journal := newJournal(file)
	if err := journal.begin(epoch); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return journal, nil
}

// begin writes the head of an empty file, and sees whether another one can go on.
func (j *Journal) begin(epoch evidence.Epoch) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > 0 && info.Mode().IsRegular() { // of others, /dev/stdout or a pipe, nothing can be read
		return cmp.Or(checkEnd(j.file, info.Size()), checkHead(j.file, info.Size(), epoch))
	}
	if epoch != (evidence.Epoch{}) {
		j.failed = j.encoder.Encode(epoch)
	}
	return j.failed
}

// checkHead refuses a file of another epoch.
func checkHead(file *os.File, size int64, epoch evidence.Epoch) error {
	head, err := evidence.ReadHead(io.NewSectionReader(file, 0, size))
	if err != nil {
		return err
	}
	return head.Check(epoch)
}

func newJournal(file *os.File) *Journal {
	buffer := bufio.NewWriterSize(file, journalBuffer)
	return &Journal{file: file, buffer: buffer, encoder: json.NewEncoder(buffer)}
}

// checkEnd refuses a file whose last line does not end: whatever follows would be lost
// with it.
func checkEnd(file *os.File, size int64) error {
	var last [1]byte
	if _, err := file.ReadAt(last[:], size-1); err != nil && err != io.EOF {
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
