package room

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/verdict"
	"brownout/internal/lab"
)

const (
	// maxTold bounds what is kept of a drill: at the slower pace, one tells about a thousand things.
	maxTold = 8192
	// maxLine bounds a line that a drill prints, in bytes: a verdict is long.
	maxLine = 4 << 20
	// maxComplaint bounds what is kept of its standard error, in bytes.
	maxComplaint = 8 << 10
	// stopTime is what a drill has to give the shop back when it is stopped.
	stopTime = 2 * time.Minute
)

// A theatre is where drills are played: each in a process of its own, one at a time, in the shop that
// runs. If the room dies, so does the drill, and the lab takes its shop back.
type theatre struct {
	ctx     context.Context // a drill is stopped when it is done
	config  Config
	changed func() // is told of the beginning and the end of a drill
	played  sync.WaitGroup

	mu     sync.Mutex
	last   *performance // the one that runs, or the last that did; nil if there was none
	closed bool         // no other begins
}

// A performance is a drill as it is played, or was. That of a theatre is guarded by its mu: others read a copy, see now.
type performance struct {
	Plan     *drill.Plan
	Pace     drill.Pace
	Seed     uint64
	Told     []drill.Told // events, in their order
	Verdict  *verdict.Verdict
	Evidence string // the folder
	Failed   string // why there is no verdict
	Running  bool
	Stopping bool

	stop context.CancelFunc
}

func newTheatre(ctx context.Context, c Config, changed func()) *theatre {
	return &theatre{ctx: ctx, config: c, changed: changed}
}

// close lets no drill begin any more, and returns when none is played.
func (t *theatre) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.played.Wait()
}

// now returns the drill that is played, or was last, as it stands; nil if there was none.
func (t *theatre) now() *performance {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return nil
	}
	p := *t.last
	p.Told = p.Told[:len(p.Told):len(p.Told)] // what is added later is not in it
	return &p
}

// line says in a sentence that a drill is played, "" if none is.
func (t *theatre) line() string {
	p := t.now()
	if p == nil || !p.Running {
		return ""
	}
	return "The drill " + p.Plan.Name + " is played."
}

// start begins a drill, unless one is played.
func (t *theatre) start(plan *drill.Plan, pace drill.Pace, seed uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return refusal{http.StatusServiceUnavailable, "The control room is about to end."}
	case t.last != nil && t.last.Running:
		return refusal{http.StatusConflict, "A drill is played already: wait for its end, or stop it."}
	}
	ctx, stop := context.WithCancel(t.ctx)
	p := &performance{Plan: plan, Pace: pace, Seed: seed, Running: true, stop: stop}
	command, err := t.begin(ctx, p)
	if err != nil {
		stop()
		return fmt.Errorf("the drill could not be started: %w", err)
	}
	t.last = p
	t.played.Go(func() { t.follow(p, command) })
	return nil
}

// stop tells the drill that is played to end. It gives the shop back first.
func (t *theatre) stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil || !t.last.Running {
		return refusal{http.StatusConflict, "No drill is played."}
	}
	t.last.Stopping = true
	t.last.stop()
	return nil
}

// A player is the process of a drill.
type player struct {
	*exec.Cmd
	out       io.Reader
	complaint *tail
	leash     io.Closer // its standard input: when that ends, so does the drill
}

// begin starts the process of a drill.
func (t *theatre) begin(ctx context.Context, p *performance) (player, error) {
	command := exec.CommandContext(ctx, t.config.Program, "drill", "run", p.Plan.Name, "--attach", "--shop", t.config.ShopFile,
		"--pace", string(p.Pace), "--seed", strconv.FormatUint(p.Seed, 10), "--retries", "0", "--out", t.config.Runs, "--events")
	command.Env = append(os.Environ(), lab.Supervised+"=1")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = stopTime
	complaint := &tail{}
	command.Stderr = complaint
	leash, err := command.StdinPipe()
	if err != nil {
		return player{}, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return player{}, err
	}
	return player{command, out, complaint, leash}, command.Start()
}

// follow reads what a drill tells, until its end.
func (t *theatre) follow(p *performance, command player) {
	t.changed()
	lines := bufio.NewScanner(command.out)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		t.note(p, lines.Bytes())
	}
	_, _ = io.Copy(io.Discard, command.out) // of a line that is too long
	_ = command.leash.Close()
	t.end(p, command.Wait(), command.complaint.String())
	t.changed()
}

// note keeps what a drill has told. What cannot be read is left out.
func (t *theatre) note(p *performance, line []byte) {
	var told drill.Told
	if json.Unmarshal(line, &told) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case told.Verdict != nil:
		p.Verdict, p.Evidence = told.Verdict, told.Evidence
	case told.Event != nil && len(p.Told) < maxTold:
		p.Told = append(p.Told, told)
	}
}

// end notes that a drill is over. Its exit status says no more than the verdict, if there is one.
func (t *theatre) end(p *performance, err error, complaint string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.stop()
	p.Running = false
	if p.Verdict == nil {
		p.Failed = complaint
	}
	if _, exited := errors.AsType[*exec.ExitError](err); p.Failed == "" && p.Verdict == nil {
		p.Failed = "the drill ended without a verdict"
		if err != nil && !exited {
			p.Failed = err.Error()
		}
	}
}

// A tail keeps the end of what is written to it. One goroutine writes, and others read when it is done.
type tail struct{ text []byte }

// Write implements io.Writer.
func (t *tail) Write(text []byte) (int, error) {
	t.text = append(t.text, text...)
	if over := len(t.text) - maxComplaint; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(text), nil
}

func (t *tail) String() string { return string(bytes.TrimSpace(t.text)) }
