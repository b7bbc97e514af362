package metricstore

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// Bounds of a target.
const (
	maxTargets     = 64
	maxLabels      = 16
	maxLabelLength = 256 // bytes, of a name or a value
)

// Names of labels that a target has whether it says so or not.
const (
	jobLabel      = "job"
	instanceLabel = "instance"
)

// A Target is a place where metrics are shown in Prometheus' text format. Targets with the
// same labels are the same target: a service that comes up at another port keeps its
// series if its instance is said in Labels.
type Target struct {
	Job    string            // the label "job": what the target is, as in "gateway"
	URL    string            // as in "http://127.0.0.1:9101/metrics"
	Token  string            // bearer token, "" for none
	Labels map[string]string // further labels of all its series; "instance" is the URL's host and port unless it is here
}

// check says what is wrong with a target. The token is never part of the message.
func (t Target) check() error {
	u, err := url.Parse(t.URL)
	if err != nil {
		return fmt.Errorf("URL: %w", err)
	}
	switch {
	case t.Job == "":
		return errors.New("job is empty")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("URL: %q is not an http or https URL", t.URL)
	case u.User != nil:
		return errors.New("URL: it has a user in it")
	case len(t.Labels) > maxLabels:
		return fmt.Errorf("labels: %d are more than %d", len(t.Labels), maxLabels)
	}
	return t.checkLabels()
}

func (t Target) checkLabels() error {
	for name, value := range t.Labels {
		switch {
		case !model.LegacyValidation.IsValidLabelName(name), strings.HasPrefix(name, model.ReservedLabelPrefix), name == jobLabel:
			return fmt.Errorf("labels: %.256q is no name for a label of a target", name)
		case len(name) > maxLabelLength || len(value) > maxLabelLength:
			return fmt.Errorf("labels: %.20q: longer than %d bytes", name, maxLabelLength)
		}
	}
	return nil
}

// identity returns the labels that all series of a checked target have.
func (t Target) identity() labels.Labels {
	b := labels.NewBuilder(labels.FromMap(t.Labels))
	b.Set(jobLabel, t.Job)
	if t.Labels[instanceLabel] == "" {
		u, _ := url.Parse(t.URL)
		b.Set(instanceLabel, u.Host)
	}
	return b.Labels()
}
