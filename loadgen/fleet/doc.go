// Package fleet has several processes send one load, on this machine or on several.
//
//	Conductor ── Member (what the conductor has of an agent) ── pipes, or Redis ── Port (what an agent has) ── Serve
//
// A [Conductor] tells each agent its [Job]: a share of the schedule. An agent makes all ready, says so, and is told when the
// schedule starts. From then on it says each second what has ended, and in the end what came of all of it. The
// conductor adds that up: of the shares nothing is lost, and none is in two. What is told each second, and once more at the end, is
// for progress and metrics alone; the result comes of the last words.
//
// # Agents that are lost
//
// Both sides say something each second. An agent that ends before it has told its result, is not heard for
// [Silence], or cannot be told when to start or stop, is lost: the result names it and its share of the schedule. One that is lost before the schedule
// starts ends the load, but for those who leave while others are waited for: they are replaced. An agent that does not
// hear its conductor for as long, or whose pipe closes, sends nothing more, waits for answers and closes its journal. So no agent
// outlives its conductor by more than that.
//
// # On this machine
//
// [Spawn] starts a process that has its orders from its standard input, and answers on its standard output, an object
// of JSON a line.
//
// # On others
//
// [Enlist] opens a load to those who [Join] it through Redis. All keys begin with brownout:load:, and live for a
// minute:
//
//	brownout:load:open             who takes agents now, and of which version it is, a string
//	brownout:load:ID:joined        who has come, a list
//	brownout:load:ID:orders:AGENT  what an agent is told, a list
//	brownout:load:ID:words:AGENT   what it says, a list
//
// Times on the way are those of Redis: each side measures how far its own clock is off. No command is sent twice, as what was taken
// from a list would be lost, and what was added be there twice: whoever has lost its Redis for a moment is lost.
//
// # Bounds
//
//	agents of a load     loadgen.MaxShares
//	an order, a word     MaxMessage
//	messages in a list   what both sides say within Silence, and a result
package fleet
