package fleet

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

const (
	// MaxMessage bounds an order and a word, in bytes.
	MaxMessage = 32 << 20
	// Beat is how often both sides say something.
	Beat = time.Second
	// Silence is how long one side may say nothing until the other gives it up.
	Silence = 10 * time.Second
)

// An Order is what an agent is told; one of these, or none, to say that the conductor is there.
type Order struct {
	Job   *Job       `json:"job,omitempty"`
	Start *time.Time `json:"start,omitempty"` // of the schedule
	Stop  bool       `json:"stop,omitempty"`  // send nothing more, and say what came of it
	Full  bool       `json:"full,omitempty"`  // the load has all its agents, and this is none of them
}

// A Job is what an agent is to do.
type Job struct {
	Share loadgen.Stride `json:"share"`
	// Load is the load as a whole, as those know it who wrote the agent's Prepare.
	Load json.RawMessage `json:"load"`
	// Patience is that of the clients, by which it is told meanwhile what was late for them.
	Patience evidence.Patience `json:"patience"`
	// Timeline asks for one.
	Timeline bool `json:"timeline,omitempty"`
	// Journal is the file in which its samples are kept; "" if they are not.
	Journal string `json:"journal,omitempty"`
}

// A Word is what an agent says; one of these, or none, to say that it is there.
type Word struct {
	Ready  bool           `json:"ready,omitempty"` // to start
	Pulse  *loadgen.Pulse `json:"pulse,omitempty"`
	Result *Result        `json:"result,omitempty"` // the last word
	Failed string         `json:"failed,omitempty"` // the last word: why nothing of its share counts
}

// A Result is what came of a load, or of an agent's share of it.
type Result struct {
	Report   loadgen.Report    `json:"report"`
	Timeline *loadgen.Timeline `json:"timeline,omitempty"`
	// Trouble is why not all of it was kept, as in a journal; "" if it was.
	Trouble string `json:"trouble,omitempty"`
}

// clean replaces what does not print in a text that comes from elsewhere.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
