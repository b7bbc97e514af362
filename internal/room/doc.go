// Package room is the control room of a shop: a page that shows what the shop does, and has buttons that
// break it, protect it, and play drills in it.
//
//	browser ─> guard ─> screen ─> question ─┬─ still ─> the page, once
//	             │ 403, 421       │ 4xx     └─ live ──> cache ─┬─> in the page
//	             │                                             └─> stream: again, when it has changed
//	             └────> press ─> button ─> an admin port, or the theatre ─> all pages look again
//
// A [Room] looks at the shop only while somebody looks at it: at the metrics, by PromQL; at the admin ports
// of the parts, which answer also while a loop is blocked; and at the store of traces. A screen is a page; a
// question is what it was asked for: its text is the key by which what was rendered is remembered. What
// lives of a page is rendered again each period, once for all who look at it, and sent to them as
// server-sent events if it has changed. The script changes what differs in the page and keeps every element
// that is still wanted, so that focus, scrolling and what is being pressed stay. Without a script pages work,
// too: they are as old as they were loaded.
//
// Drills are played by processes of their own (see theatre.go), one at a time.
//
// # Who may press buttons
//
// The room listens on loopback, and asks nobody who he is. A browser on this machine also runs pages of
// other sites, so:
//
//   - The Host must be a loopback name with the port that listens, or one of Config.Hosts. A site whose own
//     name was made to lead here, to have our pages be its own, is not answered.
//   - A request that a browser says comes from another site is answered only if it is a link that somebody
//     followed.
//   - What changes something is a POST, with our own Origin, and with a token that goes with a cookie which
//     no script can read and which other sites' requests do not have.
//   - Pages load nothing from elsewhere, have no script or style within them, and are shown in no frame.
//   - Tokens of admin ports, passwords and what else the shop's file has stay in this process.
//
// # Bounds
//
//	what                            bound           beyond
//	pages that are told of news     16              503, and the script tries again
//	a part of a page                once a period   what was rendered before is shown
//	the past of a dashboard         60 in its span  what was asked before is shown
//	a look at the shop              6 s             what did not answer is said
//	an answer of an admin port      4 MiB           it counts as none
//	a form                          64 KiB          413
//	parts that are remembered       64              all are forgotten; what is too old is when there is something new
//	pasts that are remembered       32              likewise
//	lines of a drill                8,192           left out
//	runs, traces of a list          200, 100        the latest are shown
//
// # How to add a page
//
// Write pages/NAME.html with a template "page", for the whole, and one called "live", for what of it lives;
// a function that reads the question of a request; and a line in screens. In what lives, elements of a list
// whose members come and go have a data-key each, so that none is taken for another. A test loads every page
// and finds what a browser or a screen reader would stumble over.
//
// Any goroutine may call everything here.
package room
