package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/service"
)

// A block is one that the loop of a service suffers.
type block struct {
	service fault.Client
	in      string
	phase   string // to which it belongs
	length  time.Duration
}

// Of 20 blocks, wherever they happen and however long they take, so many must be named.
const (
	blocks       = 20
	namedRightly = 19
)

// What blocks a loop is named while it does: the callback, its phase and its stack.
func TestCulpritsAreNamed(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	services := blockable(t)
	var misnamed []string
	for range blocks {
		b := randomBlock(random, services)
		if wrong := b.wrong(t); wrong != "" {
			misnamed = append(misnamed, fmt.Sprintf("%v in %s: %s", b.length, b.in, wrong))
		}
	}
	if named := blocks - len(misnamed); named < namedRightly {
		t.Errorf("seed %d: %d of %d blocks are named rightly, want %d; not\n%s", seed, named, blocks, namedRightly, strings.Join(misnamed, "\n"))
	}
}

// blockable are services that do CPU work on their loop.
func blockable(t *testing.T) (all []fault.Client) {
	users := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(users, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range []string{
		"inventory", "acquirer", "payments --keyed-bank http://127.0.0.1:1", "gateway --users " + users,
	} {
		_, line := serveAlone(t, nil, append(strings.Fields(arguments), "--off", "offload")...)
		all = append(all, fault.Client{URL: line.Admin, Token: line.Token})
	}
	return all
}

// randomBlock draws a block. What begins with a callback that was posted, and is no callback of a
// phase by itself, belongs to the phase poll.
func randomBlock(random *rand.Rand, services []fault.Client) block {
	at := [...]struct{ in, phase string }{
		{"timer", "timers"}, {"immediate", "check"}, {"posted", "poll"}, {"tick", "poll"},
		{"microtask", "poll"}, {"task", "poll"}, {"work", "poll"},
	}
	b := block{service: services[random.IntN(len(services))], length: time.Duration(200+random.IntN(400)) * time.Millisecond}
	where := at[random.IntN(len(at))]
	b.in, b.phase = where.in, where.phase
	return b
}

// wrong has the block happen once, and says how it was named wrongly, "" if it was not.
func (b *block) wrong(t *testing.T) string {
	before := len(b.turns(t))
	s, err := b.service.Inject(t.Context(), fault.Spec{
		Fault: "loop.block", Params: map[string]string{"in": b.in, "for": b.length.String()}, First: 1, TTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the block is over", func() bool {
		return active(t, &b.service).Hits > 0 && b.report(t).BusySeconds == 0
	})
	if _, err := b.service.Clear(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	turns := b.turns(t)
	if len(turns) != before+1 {
		return fmt.Sprintf("%d turns are told of", len(turns)-before)
	}
	turn := turns[before]
	if turn.Name != "loop.block" || turn.Phase != b.phase || !strings.Contains(turn.Stack, "fault.(*block).") {
		return fmt.Sprintf("it is %q in phase %s, at %s", turn.Name, turn.Phase, turn.Stack)
	}
	return ""
}

// turns returns the long turns that the service remembers, of which there are 16 at most.
func (b *block) turns(t *testing.T) []service.LongTurn { return b.report(t).LongTurns }

// report asks the service what its loop does.
func (b *block) report(t *testing.T) service.LoopReport {
	t.Helper()
	return told[service.LoopReport](t, http.MethodGet, b.service.URL+"/debug/loop", b.service.Token, "")
}
