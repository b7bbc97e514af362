// Package metricstore keeps the metrics of a run: it scrapes targets into Prometheus'
// time series database, in this process, evaluates rules over it, and answers PromQL, to Go and over HTTP.
//
//	Targets() ─> one goroutine a target ─> GET /metrics ─> parse ─> TSDB ─> Query, QueryRange, Handler
//	                                        │ none, or no sense      │ ^  └─> Snapshot
//	                                        └─> up 0, stale series   v │ ALERTS, recorded series
//	                                                               rules ─> Alerts
//
// # What is written
//
// Each series of a target has the labels of the target, job and instance among them; a
// label of the same name that the target shows itself becomes exported_<name>. Beside its
// series a target has, as in Prometheus:
//
//	up                        1 if the scrape went well, else 0
//	scrape_duration_seconds   how long it took
//	scrape_samples_scraped    how many samples it brought
//
// A series that a scrape does not show any more is stale from then on: PromQL does not
// see it. So are all series of a target that is down, but for these three, and all of one
// that is no target any more. Times that a target gives its samples are ignored.
//
// Targets are asked for OpenMetrics if Config.Exemplars says that exemplars are kept, and for
// Prometheus' text format if not.
//
// # Rules
//
// Rule files are Prometheus' own, read strictly: what is unknown in them is an error. Prometheus'
// manager of rules evaluates them, so that recorded series, ALERTS and ALERTS_FOR_STATE are as in a
// server. Alerts begin anew with each Open: what was pending or fired before is not remembered.
//
// # HTTP
//
// Handler speaks the part of Prometheus' API that Grafana and promtool use. It is written over the
// engine, because the server's own package brings much of the server along: see
// docs/adr/0022-the-room-is-a-process.md.
//
// # Why not Prometheus' scrape manager
//
// It takes tokens by job, of a configuration that was loaded from YAML; at each change of
// it the name of the machine is looked up in the network; a target that is removed with
// its job leaves series which are not stale; and its scrapes do not run in virtual time.
//
// # Goroutines
//
// Any goroutine may call everything here. One goroutine asks Targets, one for each target
// scrapes it, and one for each group of rules evaluates it; the database has some of its own.
// Close ends them all.
//
// # Bounds
//
//	what                             bound               beyond
//	targets                          64                  not scraped, and logged
//	a target's answer                8 MiB               up 0
//	samples of a scrape              20,000              up 0
//	time of a scrape                 Config.Timeout      up 0
//	series in memory                 200,000             up 0
//	age                              Config.Retention    the oldest block goes
//	bytes on disk                    Config.MaxBytes     the oldest block goes, within a minute; then up 0
//	queries at a time                4                   wait, within their context
//	time of a query                  10 s                an error
//	samples that a query loads       Config.MaxQuery...  an error
//	steps of a range                 11,000              an error
//	length of an expression          16 KiB              an error
//	exemplars                        Config.Exemplars    the oldest goes
//	metrics whose help is known      2,000 a target      no help
//	files, groups and rules          64, 64 and 512      Open fails
//	bytes of a rule file             1 MiB               Open fails
//	series or alerts of a rule       1,000               the rule fails
//	series, names of an answer       20,000              left out, with a warning
//	body and match[] of a request    256 KiB, 64         400
//	time of a request to Handler     30 s                the connection ends
//
// # Crashes
//
// A scrape is in the write-ahead log when it is in the store. Of a process that is killed
// everything but the scrape under way is there after the next Open; a log that was torn is
// cut at the tear. The machine's own crash may cost some seconds: nothing is synced.
package metricstore
