// Package dashboards holds what people look at while the shop is broken: Grafana's dashboards,
// Prometheus' rules and alerts, and the runbooks that both lead to.
//
//	Boards() ──go test -update──> grafana/*.json ──embedded──> Load(), Grafana()
//	   a Dashboard each             Grafana reads them            the control room draws them
//
// A dashboard is Go code (overview.go and those beside it) that knows what to show and why. Its JSON is
// what Grafana takes; [Read] makes a [Dashboard] of such JSON again, so that whoever draws the same
// panels elsewhere draws what Grafana draws. A test keeps the two the same:
//
//	go test ./dashboards -update
//
// # The order of things
//
// Dashboards come in the order in which one works through an incident: is the shop well, and for whom is
// it not; which part is it; is it its loop, its pool, what it calls, or what protects it; and do the
// books still agree. Within one, rows go from the symptom to the cause. Each panel's description says
// what to look for, and links to the runbooks that begin with it.
//
// # How to add a panel
//
// Write it into its dashboard with graph, stat or states, say what to look for, and run the tests with
// -update. They parse each expression with Prometheus' parser, find each metric in METRICS.md, and ask
// each query of a shop under load: a panel that has nothing to show there says with quietUntil or
// quietUnless which fault, or which switch, gives it something.
package dashboards
