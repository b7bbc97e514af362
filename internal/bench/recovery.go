package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"golang.org/x/perf/benchfmt"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// noRecovery is what a shop is said to have taken that did not recover before its drill was over.
const noRecovery = time.Minute

// drillMisused is the exit status of brownout drill when there is no such drill, or flag.
const drillMisused = 3

// measureRecovery runs the protected arm of a drill, and says how long the shop took to recover: until the end of the first
// second in which goodput held again, since seconds are what a drill looks at, and of nothing there is no ratio.
func measureRecovery(ctx context.Context, s *shop, j job) (int, []benchfmt.Value, error) {
	v, err := s.build.drill(ctx, j)
	if err != nil {
		return 0, nil, err
	}
	took, err := recovery(v)
	if err != nil {
		return 0, nil, fmt.Errorf("the drill %s of revision %s %w", j.drill, s.build.short(), err)
	}
	return 1, []benchfmt.Value{{Value: float64(took), Unit: unitRecovery}}, nil
}

// recovery is how long a shop took, by the verdict on it.
func recovery(v verdict.Verdict) (time.Duration, error) {
	i := slices.IndexFunc(v.Promises, func(f verdict.Finding) bool { return f.Check.Measure == verdict.Recovery })
	switch {
	case v.Result == verdict.Invalid && len(v.Reasons) > 0:
		return 0, fmt.Errorf("is invalid: %s", v.Reasons[0])
	case i < 0:
		return 0, errors.New("does not say when the shop recovered")
	}
	switch f := v.Promises[i]; {
	case f.Unmeasured != "":
		return 0, fmt.Errorf("does not say when the shop recovered: %s", f.Unmeasured)
	case f.Measured < 0:
		return noRecovery, nil
	default:
		return time.Duration(f.Measured*float64(time.Second)) + evidence.WindowLength, nil
	}
}

// drill runs the protected arm of one, and returns the last verdict: a run that was invalid is tried again.
func (b build) drill(ctx context.Context, j job) (v verdict.Verdict, err error) {
	dir, err := os.MkdirTemp("", "brownout-bench")
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := childCommand(ctx, b.program(), "drill", "run", j.drill, "--arm", "on", "--seed", strconv.FormatUint(j.seed, 10), "--out", dir, "--json")
	var complaints printed
	c.Stderr = &complaints
	if _, err := c.StdinPipe(); err != nil {
		return v, err
	}
	text, failed := c.Output()
	exit, ended := errors.AsType[*exec.ExitError](failed)
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err()
	case failed != nil && !ended:
		return v, failed
	case ended && exit.ExitCode() == drillMisused:
		return v, misuse("revision %s cannot run the drill %s: %s", b.short(), j.drill, complaint(string(complaints)))
	}
	text = bytes.TrimSpace(text)
	if err := json.Unmarshal(text[bytes.LastIndexByte(text, '\n')+1:], &v); err != nil {
		return v, fmt.Errorf("the drill %s of revision %s has no verdict: %s", j.drill, b.short(), complaint(string(complaints)))
	}
	return v, nil
}
