package lab

import (
	"fmt"
	"net"
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
