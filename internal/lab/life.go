package lab

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"

	"brownout/chaos/fault"
	"brownout/internal/service"
	"brownout/internal/shopfile"
)

// A Setting is how the processes of a life differ from the usual ones.
type Setting struct {
	// BcryptCost is that of the users' password hashes: what a login costs doubles with
	// each step. 0 means bcrypt.DefaultCost.
	BcryptCost int `json:"bcrypt_cost,omitzero"`
	// Serve are more arguments for all services, and Args for single parts, by name.
	Serve []string            `json:"serve,omitempty"`
	Args  map[string][]string `json:"args,omitempty"`
}

// A life is an epoch that is lived: its data, and the processes that work on them. Those can be
// stopped, and started again with the same data. A house has one life at a time whose processes
// run. One goroutine at a time calls its methods.
type life struct {
	house   *house
	epoch   Epoch
	redis   *store
	setting Setting
	// signing is the key of the access tokens. Each life has its own: what a client was
	// given in one opens nothing in another, so that one that is late leaves no data there.
	signing ed25519.PrivateKey
	shop    shopfile.Shop // as it is found while this life is lived
	// onLoss is called once a fault has forgotten the data, and is over; nil for a life that goes on
	// without them, a drill's. It must not block.
	onLoss func()
	lost   atomic.Bool // the data are forgotten, and the epoch ends with that

	lived bool // the house's processes are this life's
	// While they are:
	faults *fault.Injector
	logs   []*Log
}

// newLife makes one of an epoch and the Redis that has its data; both are the life's from now on.
func newLife(h *house, e Epoch, redis *store, s Setting) (*life, error) {
	l := &life{house: h, epoch: e, redis: redis, setting: s, shop: h.shop}
	l.shop.Epoch, l.shop.EpochID = e.Name(), e.id
	var err error
	if _, l.signing, err = ed25519.GenerateKey(nil); err == nil {
		err = l.writeUsers()
	}
	if err != nil {
		redis.close()
		return nil, err
	}
	return l, nil
}

// writeUsers writes the file of users. They share a password, which is hashed once.
func (l *life) writeUsers() error {
	hash, err := bcrypt.GenerateFromPassword([]byte(l.shop.Password), cmp.Or(l.setting.BcryptCost, bcrypt.DefaultCost))
	if err != nil {
		return err
	}
	text, err := loginsFile(l.shop.Users, string(hash))
	if err != nil {
		return err
	}
	return os.WriteFile(l.epoch.File("users.json"), []byte(text), 0o600)
}

// start starts all parts at once, each waiting for those that it needs by itself, and waits until all
// take requests. The links are there before. If one does not start, none runs.
func (l *life) start(ctx context.Context) (err error) {
	l.lived = true
	defer func() {
		if err != nil {
			l.stop()
		}
	}()
	links, err := l.linksSpecs()
	if err != nil {
		return err
	}
	parts, err := l.specs()
	if err != nil {
		return err
	}
	if err := l.house.supervisor.StartAll(ctx, links...); err != nil {
		return err
	}
	if err := l.house.supervisor.StartAll(ctx, parts...); err != nil {
		return err
	}
	if err := service.AwaitReady(ctx, l.shop.Admin, startTime); err != nil {
		return err
	}
	l.faults, err = l.newFaults()
	return err
}

// stop ends all faults, and then the processes, in order. Of a life that is not lived there are none,
// and those of another one are let alone.
func (l *life) stop() {
	if !l.lived {
		return
	}
	l.lived = false
	if l.faults != nil {
		l.faults.ClearAll() // a process that is paused would not end
		l.faults = nil
	}
	l.house.supervisor.Clear()
	for _, log := range l.logs {
		_ = log.Close()
	}
	l.logs = nil
}

// close ends the life. The data of an embedded Redis end with it.
func (l *life) close() {
	l.stop()
	l.redis.close()
}

// lose notes that the data are forgotten. What it returns is called when the fault is over.
func (l *life) lose() (over func()) {
	if l.onLoss == nil {
		return func() {}
	}
	l.lost.Store(true)
	return l.onLoss
}

// log opens a log of the epoch, until the processes are stopped.
func (l *life) log(name string) (*Log, error) {
	log, err := l.epoch.Log(name)
	if err == nil {
		l.logs = append(l.logs, log)
	}
	return log, err
}

// journal is where the background load keeps what it was told.
func (l *life) journal() string { return l.epoch.File("journal.jsonl") }

// String names the life.
func (l *life) String() string { return fmt.Sprintf("epoch %s, %s", l.epoch.Name(), l.redis) }
