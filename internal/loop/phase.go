package loop

// A Phase is a stage of a turn, named and ordered as in libuv.
type Phase uint8

const (
	// Main is the program before the first turn.
	Main Phase = iota
	// Timers runs the timers that were due when the phase began.
	Timers
	// Pending runs what the turn before put off: ticks and microtasks over the budget.
	Pending
	// Prepare runs the hooks of OnPrepare, right before the loop may block.
	Prepare
	// Poll waits for, and then runs, completions and new work from other goroutines.
	Poll
	// Check runs the immediates that were set before the phase began.
	Check
	// Close runs the callbacks of OnClose, once, when the loop ends.
	Close

	numPhases = int(Close) + 1
)

var phaseNames = [numPhases]string{"main", "timers", "pending", "prepare", "poll", "check", "close"}

// String returns the phase's name in lower case.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}
