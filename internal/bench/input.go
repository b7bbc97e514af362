package bench

import (
	"io"
	"os"
)

// readInput reads a file of at most so many bytes. An error is a Misuse.
func readInput(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, Misuse{err}
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, Misuse{err}
	case int64(len(text)) > limit:
		return nil, misuse("%s: has more than %d bytes", path, limit)
	}
	return text, nil
}
