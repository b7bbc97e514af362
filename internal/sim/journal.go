package sim

import (
	"bytes"
	"encoding/json"

	"brownout/chaos/evidence"
)

// A journal is what customers asked for and were told: a line for each request, in the
// order of the answers.
type journal struct {
	lines bytes.Buffer
	sent  int64 // requests, which are numbered
}

// next numbers a request.
func (j *journal) next() int64 {
	j.sent++
	return j.sent - 1
}

func (j *journal) add(s evidence.Sample) {
	if err := json.NewEncoder(&j.lines).Encode(s); err != nil {
		panic(err) // a sample is strings, numbers and times
	}
}
