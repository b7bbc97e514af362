package lab

import (
	"context"
	"errors"
	"fmt"
	"os"

	"brownout/internal/shop"
)

// lend implements landlord: the shop's own processes end in order, those of the guest begin at
// their ports, with data of their own.
func (l *lab) lend(ctx context.Context, t Terms) (Lent, error) {
	if t.Links && !l.house.at.hasLinks() {
		return Lent{}, shop.Invalid("/links", "this shop has no network links: start it with `brownout up --links`")
	}
	guest, err := l.guest(t)
	if err != nil {
		return Lent{}, &shop.Error{Code: shop.CodeUnavailable, Message: err.Error()}
	}
	if err := l.makeWay(ctx, guest); err != nil {
		guest.close()
		return Lent{}, &shop.Error{Code: shop.CodeUnavailable, Message: "the shop did not open for " + t.By + ": " + err.Error()}
	}
	l.say("the shop is lent to %s: %v", t.By, guest)
	return Lent{Shop: guest.shop, Folder: guest.epoch.path, PID: os.Getpid()}, nil
}

// makeWay has a guest's life be lived in the place of the shop's own. If there is an error, the own one
// is as it was. Whoever asks for the shop may leave at any time, and must not take the host's switches along.
func (l *lab) makeWay(ctx context.Context, guest *life) error {
	l.load.leave()
	l.switches = readSwitches(l.until, &l.home.shop)
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), l.resumeLoad())
	}
	l.rest()
	err := l.live(ctx, guest)
	if err != nil {
		l.rest()
		l.comeHome()
	}
	return err
}

// guest makes the life of a guest. Its Redis is always an embedded one, which can be flushed without
// harm to anybody else.
func (l *lab) guest(t Terms) (*life, error) {
	epoch, err := l.folder.BeginGuest()
	if err != nil {
		return nil, err
	}
	redis, err := embedAnywhere()
	if err != nil {
		return nil, err
	}
	return newLife(l.house, epoch, redis, t.Setting)
}

// takeBack implements landlord.
func (l *lab) takeBack(why string, _ bool) {
	guest := l.current
	l.rest()
	guest.close()
	l.comeHome()
	l.say("the shop %s: %v", why, l.home)
}

// comeHome starts the shop's own processes again, however often it takes, and has all be as it was.
func (l *lab) comeHome() {
	for pause := firstPause; ; {
		err := l.wake()
		if err == nil {
			break
		}
		l.rest()
		l.say("the shop does not come back (%v), next try in %v", err, pause)
		if !sleep(l.until, grow(&pause)) {
			return
		}
	}
	l.switches.restore(l.until, &l.home.shop)
	if err := l.resumeLoad(); err != nil {
		l.say("the load does not come back: %v", err)
	}
}

// wake starts the shop's own processes, in a new epoch if the data of the last one are lost.
func (l *lab) wake() error {
	if l.home.lost.Load() {
		l.home.close() // its Redis has the port
		next, err := l.ownLife()
		if err != nil {
			return err
		}
		l.home = next
	}
	return l.live(l.until, l.home)
}

// endEpoch begins a new epoch if the data of the shop's own life are lost, and it is the one that
// is lived. If it is lent, the new one begins when it is back.
func (l *lab) endEpoch() {
	last := l.home
	if l.current != last || !last.lost.Load() {
		return
	}
	l.load.leave()
	l.switches = readSwitches(l.until, &last.shop)
	l.rest()
	l.comeHome()
	l.say("epoch %s ended with the loss of its data: %v", last.epoch.Name(), l.home)
}

// rest ends the processes of the life that is lived.
func (l *lab) rest() {
	l.desk.close()
	if l.current != nil {
		l.current.stop()
		l.current = nil
	}
}

// depart ends what is lived when the lab ends, the background load included.
func (l *lab) depart() {
	last := l.current
	l.rest()
	if last != nil && last != l.home {
		last.close()
	}
}

// say tells what happens to the shop as a whole.
func (l *lab) say(format string, values ...any) { fmt.Fprintf(l.config.Out, format+"\n", values...) }

var _ landlord = (*lab)(nil)
