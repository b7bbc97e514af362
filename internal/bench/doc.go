// Package bench answers whether a change made the system slower. It builds two revisions, measures both side by side, and
// says of each measure what is known, and how well.
//
//	suite.yaml ──> Suite                  what is measured, for how long, from which change on it is a regression
//	a revision ──> build                  in a git worktree of its own; programs are kept by commit
//	builds ──────> block, session ──> book    figures, in Go's benchmark format, as they are measured
//	two files ───> Compare ──> Findings   an effect, where it lies, a verdict
//	many files ──> History                trends, and where they change
//
// # How the noise is beaten
//
// On a machine that others use, the same program differs by a fifth from one second to the next. So two builds are
// measured at the same time, or by turns that are so short that both see the same machine, and only their ratio counts:
//
//   - A micro is a Go benchmark that takes turns (package lockstep). A block is half a second: a new process of each
//     build, which take turns of 0.4 ms, in each round in an order of chance. It gives one ratio. Processes are new in
//     each block because where code and data happen to lie makes a process faster or slower by a percent as long as it
//     lives; that must be among what blocks differ by.
//   - A macro is a shop under load. A session is some seconds: a new shop of each build, with processes of its own, which are
//     asked the same. It gives one ratio, that of the means of what is measured some times: the luck of a shop's processes is a
//     percent or two, and must be among what sessions differ by. What it costs to answer a request is measured of both at the
//     same time, so that they share each moment of the machine. How much a shop can do that always has work, how long
//     answers take at half of that, what a connection takes of memory, and how long a shop takes to open, and to recover
//     from a drill, are measured by turns, in an order of chance: those would be other figures beside another shop. A session in
//     which a shop falls behind its load has no figures, and is begun again; after too many of them the macro is given up, so
//     that those that have figures are no choice of them. That stands in the results as well, as the benchmark .../behind.
//
// Processor time is what decides; wall time is told beside it. A micro's is that of the whole process during its turns: what it goes on with
// while another one is in turn, such as a garbage collection that was begun, is not counted, but waking up is neither, which would hide
// small changes. Where the machine counts instructions, they decide as well.
//
// # What the ratios say
//
// Of two builds that are alike the names could be exchanged, so the logarithms of their ratios lie symmetrically about 0, whatever
// the distribution. So the interval is that of the signed-rank test. A suite has many measures: their levels are
// Bonferroni's, so that in one of twenty runs at most any of the intervals does not hold what it is to hold, whatever has
// changed. A verdict comes of an interval alone, so that is true of verdicts as well. Measures that decide nothing are told
// with levels of their own.
//
// With a threshold t, a measure is a regression if all of its interval is beyond t; it is the same if all of it is within ±t;
// and nothing is known, and the outcome is unsure, if it may be beyond t, or not. What a run could have seen is told: the
// least change that would have been a regression with a probability of 95 %.
//
// Allocations are the same in each run of a program, but for a few that are the runtime's, and so gate exactly: they are
// the least of all blocks, rounded down.
//
// Results that were not measured side by side are compared, too: as two samples, and never below 20 %.
package bench
