package evidence

import "time"

// A Machine is what the processors of the machine did during the load of an arm.
type Machine struct {
	Cores int     `json:"cores"`
	Usage []Usage `json:"usage"` // one a second, the earliest first
}

// A Usage is the processor time that had been spent at a moment, on all cores together. Where it is counted from is not
// said: what was spent between two moments is their difference.
type Usage struct {
	At     time.Duration `json:"at_ns"`     // since the load began
	Busy   time.Duration `json:"busy_ns"`   // by whatever ran
	Own    time.Duration `json:"own_ns"`    // by the drill, its load and its shop: a part of Busy
	Stolen time.Duration `json:"stolen_ns"` // wanted here, and given to others by the host of a virtual machine
}
