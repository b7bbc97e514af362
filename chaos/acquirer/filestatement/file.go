package filestatement

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// open opens the file, makes it if it is not there, and locks it.
func open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func lock(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", file.Name())
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s is in use by another bank", file.Name())
	}
	return err
}

// mend reads the file and cuts off what a crash has left at its end. What it returns is
// durable.
func mend(file *os.File, log *slog.Logger) (*contents, error) {
	found, err := read(file, file.Name())
	if err != nil {
		return nil, err
	}
	if found.torn > 0 {
		log.Warn("cut off a torn line of the statement", slog.String("file", file.Name()),
			slog.Int("line", len(found.records)+1), slog.Int64("bytes", found.torn))
		if err := file.Truncate(found.whole); err != nil {
			return nil, err
		}
	}
	if err := file.Sync(); err != nil || found.whole > 0 {
		return found, err
	}
	return found, syncFolder(filepath.Dir(file.Name())) // the file may be new
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
