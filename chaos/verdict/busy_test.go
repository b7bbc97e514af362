package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// A machine that does something else from a second on, so many cores of it for so many seconds.
func machine(cores, stolen float64, from, seconds int) *evidence.Machine {
	m := &evidence.Machine{Cores: 2, Usage: []evidence.Usage{{}}}
	for s := range 30 {
		u := m.Usage[s]
		u.At += second + time.Duration(s%2*2-1)*3*time.Millisecond // looks are a little late or early
		u.Busy += second / 2
		u.Own += second / 2
		if s >= from && s < from+seconds {
			u.Busy += time.Duration(cores * float64(second))
			u.Stolen += time.Duration(stolen * float64(second))
		}
		m.Usage = append(m.Usage, u)
	}
	return m
}

func TestBusyMachineIsNoVerdict(t *testing.T) {
	late := func(r *evidence.Run, arm string) {
		if arm == evidence.Off {
			r.Arms[arm].Queries["late"] = []evidence.Graph{}
			return
		}
		for s := 10; s < 20; s++ {
			r.Arms[arm].Windows[s].Routes["checkout"].Good = 0
		}
	}
	charged := func(r *evidence.Run, arm string) { r.Arms[arm].Books[1].Holds = false }
	nothing := func(*evidence.Run, string) {}
	for _, tt := range []struct {
		name    string
		breaks  func(r *evidence.Run, arm string)
		arm     string
		machine *evidence.Machine
		result  verdict.Result
		reason  string
	}{
		{"a promise is broken", late, evidence.On, machine(1.2, 0, 12, 3), verdict.Invalid, "on arm: the machine was busy with something else: 1.20 cores of 2 from 12 s to 15 s after the load began"},
		{"an alert is late", late, evidence.Off, machine(1.2, 0, 12, 3), verdict.Invalid, "off arm: the machine was busy with something else: 1.20 cores of 2"},
		{"its host gave it away", late, evidence.On, machine(0, 0.8, 0, 30), verdict.Invalid, "busy with something else: 0.80 cores"},
		{"both together", late, evidence.On, machine(0.3, 0.3, 0, 30), verdict.Invalid, "busy with something else: 0.60 cores"},
		{"it is told beside what was broken", late, evidence.On, machine(1.2, 0, 12, 3), verdict.Invalid, "on arm: recovery: no recovery"},
		{"below the limit", late, evidence.On, machine(0.4, 0, 0, 30), verdict.Fail, "on arm: recovery"},
		{"for too short", late, evidence.On, machine(1.2, 0, 12, 1), verdict.Fail, "on arm: recovery"},
		{"behind the load", late, evidence.On, machine(1.2, 0, 20, 10), verdict.Fail, "on arm: recovery"},
		{"nothing is known", late, evidence.On, nil, verdict.Fail, "on arm: recovery"},
		{"nothing was seen", late, evidence.On, &evidence.Machine{Cores: 2}, verdict.Fail, "on arm: recovery"},
		{"the books do not add up", charged, evidence.On, machine(1.2, 0, 12, 3), verdict.Fail, "on arm: audit: one-charge"},
		{"all is kept", nothing, evidence.On, machine(2, 2, 0, 30), verdict.Pass, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, r := checks(), run()
			c.Alerts = &verdict.Alerts{Rules: []verdict.Alert{{Name: "Late", Query: "late"}}, Must: []verdict.Raise{{Alert: "Late", Within: 5}}}
			r.Arms[evidence.Off].Queries["late"] = []evidence.Graph{{Points: []evidence.Point{{At: 7 * second, Value: 1}}}}
			tt.breaks(r, tt.arm)
			r.Arms[tt.arm].Machine = tt.machine
			v := verdict.Judge(c, r)
			named := slices.ContainsFunc(v.Reasons, func(reason string) bool { return strings.Contains(reason, tt.reason) })
			if v.Result != tt.result || !named && tt.reason != "" {
				t.Errorf("%s %q, want %s with %q", v.Result, v.Reasons, tt.result, tt.reason)
			}
		})
	}
}

// The machine of the other arm says nothing about an arm, and half a core exactly is not too busy.
func TestLimitOfABusyMachine(t *testing.T) {
	for _, tt := range []struct {
		arm    string
		busy   time.Duration // in 3 s
		result verdict.Result
	}{
		{evidence.On, 1500 * time.Millisecond, verdict.Fail},
		{evidence.On, 1500*time.Millisecond + 10*time.Millisecond, verdict.Invalid},
		{evidence.Off, 3 * second, verdict.Fail},
	} {
		r := run()
		for s := 10; s < 20; s++ {
			r.Arms[evidence.On].Windows[s].Routes["checkout"].Good = 0
		}
		r.Arms[tt.arm].Machine = &evidence.Machine{Cores: 2, Usage: []evidence.Usage{{}, {At: 3 * second, Busy: tt.busy}}}
		if v := verdict.Judge(checks(), r); v.Result != tt.result {
			t.Errorf("%v on the %s arm: %s %q, want %s", tt.busy, tt.arm, v.Result, v.Reasons, tt.result)
		}
	}
}
