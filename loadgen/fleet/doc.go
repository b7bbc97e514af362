// Package fleet has several processes send one load, on this machine or on several.
//
//	Conductor ── Member (what the conductor has of an agent) ── pipes, or Redis ── Port (what an agent has) ── Serve
//
// A [Conductor] tells each agent its [Job]: a share of the schedule. An agent makes all ready, says so, and is told when the
// schedule starts. From then on it says each second what has ended, and in the end what came of all of it. The
// conductor adds that up: of the shares nothing is lost, and none is in two.
//
// # Agents that are lost
//
// Both sides say something each second. An agent that ends before it has told its result, or is not heard for
// [Silence], is lost: the result names it and its share of the schedule. An agent that does not hear its conductor for as long, or
// whose pipe closes, ends. So no agent outlives its conductor by more.
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
//	brownout:load:open             who takes agents now, a string
//	brownout:load:ID:joined        who has come, a list
//	brownout:load:ID:orders:AGENT  what an agent is told, a list
//	brownout:load:ID:words:AGENT   what it says, a list
//
// Times on the way are those of Redis: each side measures how far its own clock is off.
//
// # Bounds
//
//	agents of a load     loadgen.MaxShares
//	an order, a word     MaxMessage
//	messages in a list   what both sides say within Silence, and a result
package fleet
