package lab

import (
	"fmt"
	"path/filepath"
	"sync"
)

// roomName is that of the process of the control room, which belongs to the house: lives come and go before its eyes.
const roomName = "room"

// roomOffset is from the gateway's port to the first of the control room's, unless the gateway has its usual one.
const roomOffset = 1010

// A roomAddresses are where the control room listens; all are "" without one.
type roomAddresses struct {
	page       string
	prometheus string // Prometheus' HTTP API
	otlp       string // takes traces, with OTLP over HTTP
}

// addRoom chooses the addresses of the control room: the ports that its kinds of servers have everywhere, and with
// another base than the usual one those that follow all admin ports.
func (a *addresses) addRoom(base int) (err error) {
	for i, door := range []struct {
		at    *string
		name  string
		usual int
	}{
		{&a.room.page, "the control room", 7070},
		{&a.room.prometheus, "the control room's Prometheus API", 9090},
		{&a.room.otlp, "the control room, to take traces,", 4318},
	} {
		n := base
		switch base {
		case 0:
		case DefaultPort:
			n = door.usual
		default:
			n += roomOffset + i
		}
		if *door.at, err = a.hold(door.name, n); err != nil {
			return fmt.Errorf("%w, or do without the control room with --no-room", err)
		}
	}
	return nil
}

// hasRoom says whether there is a control room.
func (a *addresses) hasRoom() bool { return a.room.page != "" }

// openRoom has the control room run, if there is one, until close. The shop does not wait for it, and does without it
// if it cannot begin.
func (l *lab) openRoom() (close func(), err error) {
	if !l.house.at.hasRoom() {
		return func() {}, nil
	}
	log, err := openLog(filepath.Join(l.folder.path, roomName+".log"))
	if err != nil {
		return nil, err
	}
	var opening sync.WaitGroup
	opening.Go(func() {
		if _, err := l.house.supervisor.Start(l.until, l.roomSpec(log)); err != nil && l.until.Err() == nil {
			l.say("the control room does not open: %v", err)
		}
	})
	return func() {
		opening.Wait()
		l.house.supervisor.Stop(roomName)
		_ = log.Close() // nobody writes to it any more
	}, nil
}

// roomSpec says how the control room runs.
func (l *lab) roomSpec(log *Log) Spec {
	at := l.house.at.room
	return Spec{Name: roomName, Stays: true, Isolated: true, Log: log, Args: []string{
		"serve", roomName, "--shop", l.folder.ShopFile(), "--dir", l.folder.path,
		"--listen", at.page, "--prometheus-listen", at.prometheus, "--otlp-listen", at.otlp,
	}}
}
