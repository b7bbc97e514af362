package loop_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// TestTranscripts runs each script of testdata/transcripts on a loop in virtual
// time and compares what happened with what is written below its dashes.
//
// A script is a list of statements; those indented below one are its callback.
// The first line may configure the loop. Times are milliseconds.
//
//	loop semantics=handbook budget=3 grace=50 seed=7
//	tick NAME, micro NAME, immediate NAME, prepare NAME, onclose NAME, post NAME
//	timeout NAME MS, interval NAME MS, clear NAME
//	job NAME              QueueWork on a simulated pool of two workers
//	task NAME             in which: sleep MS, finish MS, call NAME, offload NAME
//	log TEXT, block MS, budget N, cancel TASK, reject NAME, close
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { checkTranscript(t, file) })
	}
}

func checkTranscript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	script, want, _ := strings.Cut(string(text), "----\n")
	got := play(t, script)
	if again := play(t, script); again != got {
		t.Errorf("two runs differ:\n%s\nand\n%s", got, again)
	}
	if *update {
		if err := os.WriteFile(file, []byte(script+"----\n"+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// A statement is a line of a script with the lines indented below it.
type statement struct {
	words []string
	body  []statement
}

func (s statement) name() string { return s.words[1] }

func (s statement) ms(word int) time.Duration {
	n, err := strconv.Atoi(s.words[word])
	if err != nil {
		panic(fmt.Sprintf("%q: %v", s.words, err))
	}
	return time.Duration(n) * time.Millisecond
}

// parseScript reads statements by their indentation.
func parseScript(lines []string, indent int) (all []statement, rest []string) {
	for len(lines) > 0 {
		line := lines[0]
		depth := len(line) - len(strings.TrimLeft(line, " "))
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
			lines = lines[1:]
		case depth < indent:
			return all, lines
		default:
			s := statement{words: words}
			s.body, lines = parseScript(lines[1:], depth+1)
			all = append(all, s)
		}
	}
	return all, nil
}

// A player runs statements on a loop and writes down what happens.
type player struct {
	loop   *loop.Loop
	start  time.Time
	pool   *loop.Simulated
	group  *loop.Group
	timers map[string]loop.Timer
	tasks  map[string]*loop.Task
	out    strings.Builder
}

func play(t *testing.T, script string) (out string) {
	synctest.Test(t, func(t *testing.T) {
		statements, _ := parseScript(strings.Split(script, "\n"), 0)
		config, seed := loop.Config{ExitWhenIdle: true}, uint64(1)
		if len(statements) > 0 && statements[0].words[0] == "loop" {
			seed = configure(&config, statements[0])
			statements = statements[1:]
		}
		p := &player{start: time.Now(), timers: map[string]loop.Timer{}, tasks: map[string]*loop.Task{}}
		config.OnUnhandledRejection = func(name string, err error) { p.log("unhandled rejection of " + name) }
		p.loop = loop.New(config)
		p.pool = loop.NewSimulated(p.loop, loop.SimulatedConfig{Workers: 2, Seed: seed})
		calls := loop.NewSimulated(p.loop, loop.SimulatedConfig{Seed: seed + 1})
		p.group = loop.NewGroup(p.loop, loop.GroupConfig{Limit: 1, Queue: 1, Executor: calls})
		err := p.loop.Run(func() { p.do(nil, statements) })
		fmt.Fprintf(&p.out, "%s ended: %v\n", p.at(), err)
		out = p.out.String()
	})
	return out
}

func configure(c *loop.Config, s statement) (seed uint64) {
	seed = 1
	for _, word := range s.words[1:] {
		key, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		switch key {
		case "semantics":
			if value == "handbook" {
				c.Semantics = loop.HandbookOrder
			}
		case "budget":
			c.MicrotaskBudget = n
		case "grace":
			c.Grace = time.Duration(n) * time.Millisecond
		case "unwind":
			c.Unwind = time.Duration(n) * time.Millisecond
		case "exit":
			c.ExitWhenIdle = value == "idle"
		case "seed":
			seed = uint64(n)
		default:
			panic("unknown setting " + word)
		}
	}
	return seed
}

// at says when: the virtual time since the start.
func (p *player) at() string {
	return fmt.Sprintf("%6.1fms", float64(time.Since(p.start).Microseconds())/1000)
}

func (p *player) log(text string) {
	fmt.Fprintf(&p.out, "%s turn %2d %-8s %s\n", p.at(), p.loop.Turn(), p.loop.Phase(), text)
}

// do runs statements in the current callback, or in a task.
func (p *player) do(t *loop.Task, all []statement) {
	for _, s := range all {
		if t == nil || !p.wait(t, s) {
			p.schedule(s)
		}
	}
}

// callback logs its name and runs the body.
func (p *player) callback(s statement) func() {
	return func() {
		p.log(s.words[0] + " " + s.name())
		p.do(nil, s.body)
	}
}

func (p *player) schedule(s statement) {
	l := p.loop
	switch s.words[0] {
	case "tick":
		l.NextTick(s.name(), p.callback(s))
	case "micro":
		l.QueueMicrotask(s.name(), p.callback(s))
	case "immediate":
		l.SetImmediate(s.name(), p.callback(s))
	case "prepare":
		l.OnPrepare(s.name(), p.callback(s))
	case "onclose":
		l.OnClose(s.name(), p.callback(s))
	case "post":
		if err := l.Post(s.name(), p.callback(s)); err != nil {
			p.log("post " + s.name() + ": " + err.Error())
		}
	case "timeout":
		p.timers[s.name()] = l.SetTimeout(s.name(), s.ms(2), p.callback(s))
	case "interval":
		p.timers[s.name()] = l.SetInterval(s.name(), s.ms(2), p.callback(s))
	case "clear":
		p.log(fmt.Sprintf("clear %s: %v", s.name(), p.timers[s.name()].Clear()))
	default:
		p.control(s)
	}
}

func (p *player) control(s statement) {
	switch s.words[0] {
	case "job":
		work := func(context.Context) error {
			p.log("job " + s.name() + " works")
			return nil
		}
		p.loop.QueueWork(p.pool, s.name(), work, func(error) { p.callback(s)() })
	case "task":
		p.loop.Spawn(context.Background(), s.name(), func(t *loop.Task) {
			p.tasks[s.name()] = t
			p.log("task " + s.name() + " begins")
			defer func() { p.log("task " + s.name() + " ends") }()
			p.do(t, s.body)
		})
	case "reject":
		loop.NewPromise[int](p.loop, s.name()).Reject(nil)
	case "cancel":
		p.tasks[s.name()].Cancel(nil)
	case "log":
		p.log(strings.Join(s.words[1:], " "))
	case "block":
		time.Sleep(s.ms(1))
	case "budget":
		p.loop.SetMicrotaskBudget(int(s.ms(1) / time.Millisecond))
	case "close":
		p.loop.Close()
	default:
		panic("unknown statement " + s.words[0])
	}
}

// wait runs the statements that only a task can, and says whether s was one.
func (p *player) wait(t *loop.Task, s statement) bool {
	var err error
	run := func(context.Context) (int, error) {
		p.log(s.words[0] + " " + s.name() + " works")
		return 0, nil
	}
	switch s.words[0] {
	case "sleep":
		err = t.Sleep(s.ms(1))
	case "finish": // a sleep that does not hear of being cancelled
		err = t.Shielded(func() error { return t.Sleep(s.ms(1)) })
	case "call":
		_, err = loop.Go(t, p.group, run)
	case "offload":
		_, err = loop.Offload(t, p.pool, run)
	default:
		return false
	}
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	p.log("task " + t.Name() + ": " + strings.Join(s.words, " ") + ": " + outcome)
	return true
}
