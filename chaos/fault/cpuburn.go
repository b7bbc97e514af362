package fault

import "time"

// burnPeriod is the time of which a burning thread burns its share.
const burnPeriod = 10 * time.Millisecond

// cpuBurn is work in the process that has nothing to do with what it is there for.
func cpuBurn(Host) Kind {
	return Kind{
		Name:    "cpu.burn",
		Summary: "Keeps processors busy.",
		Params: []Param{
			{Name: "threads", Help: "how many", Type: Int, Default: "1", Min: "1", Max: "64"},
			{Name: "share", Help: "the share of the time that each is busy", Type: Ratio, Default: "1", Min: "0.01", Max: "1"},
		},
		Start: func(i *Injection) error {
			busy := time.Duration(i.Ratio("share") * float64(burnPeriod))
			for range i.Int("threads") {
				go burnShare(i, busy)
			}
			return nil
		},
	}
}

// burnShare burns a part of each period until the injection ends.
func burnShare(i *Injection, busy time.Duration) {
	for !i.spent() {
		rest := burnPeriod
		if i.Hits() {
			i.burn(busy)
			rest -= busy
		}
		if rest > 0 {
			i.pause(rest)
		}
	}
}
