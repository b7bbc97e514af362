package filestatement

import (
	"strings"

	"brownout/chaos/acquirer"
)

// Parse reads the content of a file: its records, and how many bytes of whole lines.
func Parse(content string) ([]acquirer.Record, int64, error) {
	c, err := read(strings.NewReader(content), "file")
	if err != nil {
		return nil, 0, err
	}
	return c.records, c.whole, nil
}

// AppendLine adds a record to a buffer as a line.
func AppendLine(buffer []byte, r acquirer.Record) ([]byte, error) { return appendLine(buffer, r) }
