package filestatement

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/go-json-experiment/json"

	"brownout/chaos/acquirer"
)

// maxLine bounds a line, its line feed included. No record comes near it.
const maxLine = 16 << 10

// prefix is how many bytes stand before the JSON: the sum and a space.
const prefix = 9

func sum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }

// appendLine adds a record to a buffer as a line.
func appendLine(buffer []byte, r acquirer.Record) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return buffer, err
	}
	if prefix+len(text)+1 > maxLine {
		return buffer, fmt.Errorf("a record of %d bytes is too long", len(text))
	}
	buffer = fmt.Appendf(buffer, "%08x %s\n", sum(text), text)
	return buffer, nil
}

// parseLine reads a line, without its line feed.
func parseLine(line []byte) (acquirer.Record, error) {
	var r acquirer.Record
	if len(line) < prefix || line[prefix-1] != ' ' {
		return r, errors.New("does not begin with a checksum")
	}
	want, err := strconv.ParseUint(string(line[:prefix-1]), 16, 32)
	if err != nil {
		return r, errors.New("does not begin with a checksum")
	}
	text := line[prefix:]
	if got := sum(text); got != uint32(want) {
		return r, fmt.Errorf("has the checksum %08x, not %08x", got, want)
	}
	if err := json.Unmarshal(text, &r, json.RejectUnknownMembers(true)); err != nil {
		return r, fmt.Errorf("is no record: %w", err)
	}
	return r, nil
}
