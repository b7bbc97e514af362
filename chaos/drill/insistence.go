package drill

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"brownout/loadgen"
)

const clientRetry = "client.retry"

// An insistence is a client.retry of the timeline.
type insistence struct {
	Entry
	*loadgen.Insistence
}

// insistencesOf returns the times of a schedule in which clients insist.
func insistencesOf(s Schedule) ([]insistence, error) {
	var all []insistence
	for _, e := range s.Timeline {
		if e.On != OnLoad || e.Fault != clientRetry {
			continue
		}
		attempts, e1 := strconv.Atoi(e.param("attempts"))
		backoff, e2 := time.ParseDuration(e.param("backoff"))
		if err := errors.Join(e1, e2); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Fault, err)
		}
		all = append(all, insistence{e, &loadgen.Insistence{From: e.At, To: e.At + e.For, Attempts: attempts, Backoff: backoff}})
	}
	return all, nil
}

// insistences are those that the load minds.
func (l *line) insistences() []*loadgen.Insistence {
	var all []*loadgen.Insistence
	for _, i := range l.insists {
		all = append(all, i.Insistence)
	}
	return all
}
