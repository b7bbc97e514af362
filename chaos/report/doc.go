// Package report shows people what a run of a drill has shown: as one HTML page that needs
// nothing but itself, as Markdown for a post-mortem, and as JSON for programs.
//
// All three come from a [Report], which is evidence, a verdict, and what the drill's file says
// about itself. Nothing is judged here, and nothing is read or asked.
//
// # The page
//
// It has no script and fetches nothing. Charts are SVG whose text keeps its size while lines
// stretch with the page, so that one page serves a phone and a wall; both arms of a chart stand
// above each other on one scale, with the time when faults were active shaded, and marks where the
// drill's alerts began to fire. Below each chart is a table of its figures, for who cannot see it,
// and for who wants the numbers.
//
// # Bounds
//
// Evidence may be large, and its texts are whatever the shop's processes said. Lines, points,
// traces, stacks and lists are cut to what one can look at, texts are cut, escaped and freed of
// control characters, and what was left out is said. The page stays below 3 MB.
package report
