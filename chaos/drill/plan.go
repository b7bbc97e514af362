package drill

import (
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
	"brownout/loadgen"
)

// A Plan is what a drill's file says. ParsePlan makes one, and it is then whole: names that it
// uses exist, formulas can be evaluated, times fit. It is not written to afterwards.
type Plan struct {
	Name   string
	Title  string
	Family string
	Story  []string // three sentences
	Learn  []string // what to take home, in a few sentences; may be empty

	Shop      Shop
	Load      Load
	Calibrate Calibrate
	// Constants are numbers for formulas, by name. Durations are in seconds.
	Constants map[string]float64
	// Timings are those of the two paces.
	Timings map[Pace]Timing
	// Timeline is as the quick pace has it, in the order of the file; see Plan.At.
	Timeline []Entry
	Arms     map[string]ArmPlan // by evidence.Off and evidence.On

	// Attempts counts attempts where the trigger acts, in PromQL; "" if nobody retries.
	Attempts string
	// AttemptsOf are the routes whose requests lead to these attempts; none means all.
	AttemptsOf []string
	// Signature and Promises are as the file has them; see Plan.Checks.
	Signature []Check
	Promises  []Check
	Breaks    []string // invariants that the off arm may break
	// Alerts are those that the off arm raises; nil if the file says nothing of them.
	Alerts  *Alerts
	Carries []Carry
	Helps   []resilience.Name
	// Ablate are the protections of an ablation; nil means all that the drill is about.
	Ablate  []resilience.Name
	Runbook string // dashboards/runbooks/NAME.md
}

// A Pace says how long a drill takes its time.
type Pace string

// The paces.
const (
	Quick Pace = "quick" // for a machine that checks
	Demo  Pace = "demo"  // for people who watch
)

// A Shop says how the shop of a drill is built.
type Shop struct {
	// Bank and Inventory bound what both banks, and inventory, work on at once.
	Bank, Inventory Capacity
	// BcryptCost is that of the users' password hashes; 0 means the shop's own.
	BcryptCost int
	// Args are more arguments, by the part that is started with them.
	Args map[string][]string
	// Links says that all traffic between parts goes through faulty links.
	Links bool
}

// A Capacity is workers ÷ service time. What is 0 is as the part has it by itself.
type Capacity struct {
	Workers     int
	ServiceTime time.Duration
}

// A Load says what clients do, in both arms.
type Load struct {
	// Rate is in requests a second. See Plan.Rate.
	Rate verdict.Formula
	Mix  loadgen.Mix
	// Arrivals is a text of loadgen.Arrivals.
	Arrivals string
	Patience evidence.Patience
	// Retry is that of all clients; its seed is not set. What an arm lacks, its clients lack as
	// well; see Plan.Retry.
	Retry loadgen.Retry
	// Customers is how many log in; 0 means the generator's own.
	Customers int
	// Warm has each product looked at once before the load begins.
	Warm bool
}

// A Calibrate says whose capacity is C.
type Calibrate struct {
	Route string // "" if nothing is calibrated
	// Of is the part that bounds it, "bank" or "inventory", whose workers and service time
	// Expected may use.
	Of string
	// Expected is what C must be near to, in requests of the route a second; "" if that is
	// not known. See Plan.Expected.
	Expected verdict.Formula
}

// A Timing is how long an arm is at one pace.
type Timing struct {
	Warmup   time.Duration // at the beginning of the load, not looked at
	Baseline time.Duration // then, before anything is done to the shop
	Length   time.Duration // of all the load
	// Scale is by how much the timeline is stretched from the end of the baseline on.
	Scale float64
	// Retry, if given, replaces that of the load.
	Retry *loadgen.Retry
}

// An Entry is one fault on the timeline. Times count from when the load begins.
type Entry struct {
	At  time.Duration
	For time.Duration
	// Fault is the name of a kind, Params are its parameters, and On is where it is
	// injected: a part of the shop, a link, or OnLoad.
	Fault  string
	On     string
	Params map[string]string
	// Toxicity is the probability of each possible hit; 0 means 1. First, if not 0, leaves
	// it at the first so many.
	Toxicity float64
	First    int
	Pace     Pace // "" means both
}

// OnLoad is where faults of the load generator are injected.
const OnLoad = "load"

// An ArmPlan is what one arm is without.
type ArmPlan struct {
	Disable []resilience.Name
}

// A Check is one of a verdict, and what a file says beside it.
type Check struct {
	verdict.Check
	// Because says why the check takes the place of a standard promise.
	Because string
	Pace    Pace // at which it is looked at; "" means both
}

// A Carry is a set of protections, and what is broken when the on arm is without all of them: a
// promise, or an invariant of the audit.
type Carry struct {
	Without []resilience.Name
	Breaks  string
}
