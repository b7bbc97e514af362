package lab

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// A Folder is where a shop keeps what it leaves behind. One shop at a time has it.
type Folder struct {
	path string
	lock *os.File
}

// OpenFolder makes the folder if it is not there, and takes it.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(path, ownEpochs), 0o700); err != nil {
		return nil, sentence(err, "the folder "+path+" cannot be made")
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, sentence(err, "the folder "+path+" cannot be used")
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return &Folder{path, lock}, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("another shop runs in %s: stop it, or choose another folder with --dir", path)
	default: // as on some network file systems
		err = sentence(err, "the folder "+path+" cannot be locked")
	}
	return nil, errors.Join(err, lock.Close())
}

// sentence says what failed and why, without the names of system calls.
func sentence(err error, what string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Close gives the folder up, and with it the file by which its shop was found.
func (f *Folder) Close() error {
	err := os.Remove(f.ShopFile())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, f.lock.Close())
}

// ShopFile returns where the running shop is found; see internal/shopfile.
func (f *Folder) ShopFile() string { return filepath.Join(f.path, "shop.json") }

// An Epoch is one life of the data.
type Epoch struct {
	Number int
	name   string
	path   string
	id     string // nobody else's; by it a real Redis knows the epoch
}

// Begin makes a new epoch.
func (f *Folder) Begin() (Epoch, error) {
	epochs, err := f.Epochs()
	if err != nil {
		return Epoch{}, err
	}
	return f.after(epochs, ownEpochs)
}

// maxGuests bounds how many epochs of guests are kept.
const maxGuests = 10

// BeginGuest makes a new epoch of a guest. It is none of Epochs, so that no shop goes on with it;
// those of earlier guests are removed, except for the last ones.
func (f *Folder) BeginGuest() (Epoch, error) {
	if err := os.MkdirAll(filepath.Join(f.path, guestEpochs), 0o700); err != nil {
		return Epoch{}, sentence(err, "the folder "+f.path+" cannot be written")
	}
	guests, err := f.list(guestEpochs)
	if err != nil {
		return Epoch{}, err
	}
	for _, old := range guests[min(len(guests), maxGuests-1):] {
		_ = os.RemoveAll(old.path) // what is left takes room, and nothing else
	}
	return f.after(guests, guestEpochs)
}

// after makes the epoch that follows others of its kind.
func (f *Folder) after(others []Epoch, kind string) (Epoch, error) {
	number := 1
	if len(others) > 0 {
		number = others[0].Number + 1
	}
	e := f.epoch(kind, number)
	e.id = rand.Text()
	return e, e.make()
}

// Epochs returns those that there are, the newest first.
func (f *Folder) Epochs() ([]Epoch, error) { return f.list(ownEpochs) }

// The kinds of epochs: the folders that they are in.
const (
	ownEpochs   = "epochs"
	guestEpochs = "guests"
)

func (f *Folder) list(kind string) ([]Epoch, error) {
	entries, err := os.ReadDir(filepath.Join(f.path, kind))
	if err != nil {
		return nil, sentence(err, "the folder "+f.path+" cannot be read")
	}
	var epochs []Epoch
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil && n > 0 {
			epochs = append(epochs, f.epoch(kind, n))
		}
	}
	slices.SortFunc(epochs, func(a, b Epoch) int { return b.Number - a.Number })
	return epochs, nil
}

func (f *Folder) epoch(kind string, number int) Epoch {
	name := fmt.Sprintf("%04d", number)
	e := Epoch{Number: number, name: name, path: filepath.Join(f.path, kind, name)}
	if kind == guestEpochs {
		e.name = "guest-" + name
	}
	return e
}

// make makes the epoch's folder, if it is not there.
func (e Epoch) make() error {
	if err := os.MkdirAll(filepath.Join(e.path, "logs"), 0o700); err != nil {
		return sentence(err, "the folder "+e.path+" cannot be made")
	}
	return nil
}

// Name returns the epoch's name.
func (e Epoch) Name() string { return e.name }

// File returns the path of a file of the epoch.
func (e Epoch) File(name string) string { return filepath.Join(e.path, name) }

// Log opens the log of a child.
func (e Epoch) Log(child string) (*Log, error) {
	return openLog(e.File(filepath.Join("logs", child+".log")))
}
