package shopfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"brownout/internal/jsonplace"
)

// Read reads and checks a file. Members that it does not know are ignored, so that
// older programs read the files of newer ones. Errors name the file and the place
// in it; that of a file that is not there is fs.ErrNotExist.
func Read(path string) (*Shop, error) {
	text, err := readAll(path)
	if err != nil {
		return nil, err
	}
	s := new(Shop)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s%s: %w", path, position(text, err), err)
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func readAll(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err == nil && len(text) > MaxBytes {
		err = fmt.Errorf("%s: longer than the %d bytes allowed", path, MaxBytes)
	}
	return text, err
}

// position returns ":line:column" of an error of encoding/json, "" if it has none.
func position(text []byte, err error) string {
	line, column := jsonplace.Of(text, err)
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(":%d:%d", line, column)
}

// Write checks a shop and writes its file so that a reader finds the old file or the
// whole new one, never a part, also after a crash. The file's folder is made if it
// is not there; only the owner may read either.
func Write(path string, s *Shop) error {
	text, err := s.Text()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return replace(folder, path, text)
}

// Text checks a shop and returns what its file says, which is always the same of the same shop.
func (s *Shop) Text() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// replace puts a file in the place of another by way of a temporary one, which
// os.CreateTemp makes readable for its owner only.
func replace(folder, path string, text []byte) (err error) {
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name()) // the first error is the one to tell
		}
	}()
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	return err
}
