package loadgen

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"brownout/chaos/evidence"
)

// A Journal keeps every sample as a line of JSON in a file. One goroutine may use it at a
// time. After an error it writes nothing more and returns that error again, though not always at once:
// another goroutine writes to the file, so that whoever sends load need not wait for a disk.
type Journal struct {
	file   *os.File
	text   []byte        // of samples that were not passed on
	full   chan []byte   // to be written
	free   chan []byte   // all others, empty
	ended  chan struct{} // closed when nothing more is written
	failed atomic.Pointer[error]
}

const (
	journalBuffer  = 64 << 10 // bytes that are written at once: some 150 samples
	journalBuffers = 16       // that are full at most, before Write waits for the disk
)

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
	head, err := begin(file, epoch)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return newJournal(file, head), nil
}

// begin returns the head of an empty file, and sees whether another one can go on.
func begin(file *os.File, epoch evidence.Epoch) (head []byte, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > 0 && info.Mode().IsRegular() { // of others, /dev/stdout or a pipe, nothing can be read
		return nil, cmp.Or(checkEnd(file, info.Size()), checkHead(file, info.Size(), epoch))
	}
	if epoch == (evidence.Epoch{}) {
		return nil, nil
	}
	head, err = json.Marshal(epoch)
	return append(head, '\n'), err
}

// checkHead refuses a file of another epoch.
func checkHead(file *os.File, size int64, epoch evidence.Epoch) error {
	head, err := evidence.ReadHead(io.NewSectionReader(file, 0, size))
	if err != nil {
		return err
	}
	return head.Check(epoch)
}

func newJournal(file *os.File, head []byte) *Journal {
	j := &Journal{
		file:  file,
		text:  append(newText(), head...),
		full:  make(chan []byte, journalBuffers),
		free:  make(chan []byte, journalBuffers),
		ended: make(chan struct{}),
	}
	for range journalBuffers {
		j.free <- newText()
	}
	go j.drain()
	return j
}

// newText returns room for a full buffer and the line that fills it.
func newText() []byte { return make([]byte, 0, journalBuffer+evidence.MaxLine) }

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
	if err := j.err(); err != nil {
		return err
	}
	text, err := sample.AppendJSON(j.text)
	if err != nil {
		j.fail(err)
		return err
	}
	j.text = append(text, '\n')
	if len(j.text) < journalBuffer {
		return nil
	}
	return j.Pass()
}

// Pass has all samples handed to the system soon. It waits while as many are being handed over as there is
// room for.
func (j *Journal) Pass() error {
	if len(j.text) > 0 {
		j.full <- j.text
		j.text = <-j.free
	}
	return j.err()
}

// Flush hands all samples to the system.
func (j *Journal) Flush() error {
	_ = j.Pass() // which an error of what is being written would follow
	var written [journalBuffers][]byte
	for i := range written {
		written[i] = <-j.free
	}
	for _, text := range written {
		j.free <- text
	}
	return j.err()
}

// drain writes what is full, until there is no more.
func (j *Journal) drain() {
	defer close(j.ended)
	for text := range j.full {
		if j.err() == nil {
			if _, err := j.file.Write(text); err != nil {
				j.fail(err)
			}
		}
		j.free <- text[:0]
	}
}

// err returns the first error.
func (j *Journal) err() error {
	if first := j.failed.Load(); first != nil {
		return *first
	}
	return nil
}

func (j *Journal) fail(err error) { j.failed.CompareAndSwap(nil, &err) }

// Close flushes, makes sure that the file survives a crash of the machine, and closes it.
func (j *Journal) Close() error {
	err := j.Flush()
	close(j.full)
	<-j.ended
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
