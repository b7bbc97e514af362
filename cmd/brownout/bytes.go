package main

import "brownout/chaos/fault"

// A byteCount is the value of a flag that is a number of bytes, as in 512, 64KiB or 1MB.
type byteCount int64

// UnmarshalText implements encoding.TextUnmarshaler, for the parser.
func (b *byteCount) UnmarshalText(text []byte) error {
	n, err := fault.ParseBytes(string(text))
	*b = byteCount(n)
	return err
}
