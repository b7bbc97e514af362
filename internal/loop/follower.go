package loop

// A Follower is a context that wants to know when its task runs and when it waits:
// for traces that tell the one from the other. Spawn looks whether the context that
// it is given is one. Its methods are called on the loop, in the order of things,
// and must be quick.
type Follower interface {
	// TaskRuns is told that the task goes on, or begins.
	TaskRuns()
	// TaskWaits is told that the task waits, or has ended.
	TaskWaits()
}
