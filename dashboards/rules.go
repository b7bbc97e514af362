package dashboards

import (
	"embed"
	"io/fs"
)

//go:embed prometheus/rules/*.yaml
var ruleFiles embed.FS

// Rules returns the rule files, *.yaml, as Prometheus reads them. Groups of the one may ask for what groups of the
// other record. An alert has the labels
//
//	kind      symptom: customers suffer; cause: why they may
//	severity  page: somebody must look now; ticket: somebody must look
//
// and the annotations summary, description, and runbook, which is a path in this repository.
func Rules() fs.FS { return sub(ruleFiles, "prometheus/rules") }
