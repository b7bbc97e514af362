package lab

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestChooseTakesDifferentPorts(t *testing.T) {
	at, err := choose(0, true, false)
	if err != nil {
		t.Fatal(err)
	}
	defer at.close()
	part := map[string]int{}
	for i := range portCount {
		for _, address := range []string{at.service[i], at.admin[i]} {
			if before, twice := part[address]; twice && address != "" {
				t.Errorf("%s and %s share %s", partNames[before], partNames[i], address)
			}
			part[address] = i
		}
	}
	if len(part) != portCount+redisPort+1 { // the last stands for those without an admin port
		t.Errorf("%d addresses: %+v", len(part), at)
	}
}

func TestChooseLeavesARealRedisItsPort(t *testing.T) {
	at, err := choose(0, false, false)
	if err != nil {
		t.Fatal(err)
	}
	defer at.close()
	if at.service[redisPort] != "" || at.service[controlPort] == "" {
		t.Errorf("%+v", at)
	}
}

func TestChooseNamesWhatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	want := fmt.Sprintf("port %d is taken, which gateway needs: stop what uses it, or choose other ports with --port", port)
	if _, err := choose(port, true, false); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// The control room has the ports that its kinds of servers have everywhere, but only beside the usual port of the gateway.
func TestPortsOfTheControlRoom(t *testing.T) {
	for _, tt := range []struct {
		base int
		want string // of the error, or of the page's address
	}{
		{0, "127.0.0.1:"},
		{28080, "127.0.0.1:29090"},
		{DefaultPort, "127.0.0.1:7070"},
	} {
		a := new(addresses)
		err := a.addRoom(tt.base)
		a.close()
		if err != nil && !strings.HasSuffix(err.Error(), "choose other ports with --port, or do without the control room with --no-room") {
			t.Errorf("from %d: %v", tt.base, err)
		}
		if err == nil && (!strings.HasPrefix(a.room.page, tt.want) || !a.hasRoom() || a.room.prometheus == a.room.otlp) {
			t.Errorf("from %d: %+v, want a page at %s", tt.base, a.room, tt.want)
		}
	}
}

func TestAPortOfTheControlRoomThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	want := fmt.Sprintf("port %d is taken, which the control room needs: stop what uses it, or choose other ports with --port, or do without the control room with --no-room", port)
	a := new(addresses)
	defer a.close()
	if err := a.addRoom(port - roomOffset); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
