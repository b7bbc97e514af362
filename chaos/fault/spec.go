package fault

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// Bounds of a Spec. A lease is as long as a time to live at most.
const (
	MinTTL = time.Second
	MaxTTL = 5 * time.Minute
	// MaxFirst bounds Spec.First.
	MaxFirst = 1_000_000_000
)

// A Spec is what is asked for. As JSON, its times are text ("30s"), and unknown members
// are refused with the JSON pointer of the place.
type Spec struct {
	// Fault is the name of a Kind, and Params are those that are not to have their
	// defaults: "200ms", "0.3", "64MiB".
	Fault  string
	Params map[string]string
	// TTL is when the fault ends by itself: from MinTTL to MaxTTL.
	TTL time.Duration
	// Toxicity is the probability of each possible hit; 0 means 1.
	Toxicity float64
	// First, if not 0, leaves it at the first so many possible hits.
	First int
	// Seed makes what is random in the fault.
	Seed uint64
	// Lease, if not 0, ends the fault unless it is renewed within this time: a dead-man
	// timer for a controller that may die. From MinTTL to MaxTTL.
	Lease time.Duration
	// By is who asks, for the audit log.
	By string
}

// wireSpec is a Spec as JSON.
type wireSpec struct {
	Fault    string            `json:"fault"`
	Params   map[string]string `json:"params,omitempty"`
	TTL      string            `json:"ttl,omitempty"`
	Toxicity float64           `json:"toxicity,omitzero"`
	First    int               `json:"first,omitzero"`
	Seed     uint64            `json:"seed,omitzero"`
	Lease    string            `json:"lease,omitempty"`
	By       string            `json:"by,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Spec) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireSpec{
		s.Fault, s.Params, durationText(s.TTL), s.Toxicity, s.First, s.Seed, durationText(s.Lease), s.By,
	}, json.Deterministic(true))
}

// UnmarshalJSON implements json.Unmarshaler, as DecodeSpec does.
func (s *Spec) UnmarshalJSON(text []byte) (err error) {
	*s, err = DecodeSpec(text)
	return err
}

// DecodeSpec reads a Spec from JSON. Errors are *shop.Error and have the place.
// Whether the fault exists, and has such parameters, is not looked at.
func DecodeSpec(text []byte) (Spec, error) {
	w, err := service.Decode[wireSpec](text)
	if err != nil {
		return Spec{}, err
	}
	s := Spec{Fault: w.Fault, Params: w.Params, Toxicity: w.Toxicity, First: w.First, Seed: w.Seed, By: w.By}
	s.TTL, err = durationMember("/ttl", w.TTL)
	if err == nil {
		s.Lease, err = durationMember("/lease", w.Lease)
	}
	return s, err
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func durationMember(pointer, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := readDuration(text)
	if err != nil {
		return 0, shop.Invalid(pointer, err.Error())
	}
	return time.Duration(d), nil
}

// Check returns what is wrong with the spec of a fault of one of the kinds, as a
// *shop.Error with the place. That the process has what the fault needs is not asked for.
func (s Spec) Check(kinds []Kind) error {
	_, _, err := s.check(kinds)
	return err
}

// check finds the kind and reads the parameters.
func (s Spec) check(kinds []Kind) (*Kind, map[string]value, error) {
	k := find(kinds, s.Fault)
	if k == nil {
		return nil, nil, shop.Invalid("/fault", "is not the name of a fault; GET /admin/faults and `brownout fault list` name them")
	}
	values, err := k.values(s.Params)
	if err == nil {
		err = s.checkCommon()
	}
	return k, values, err
}

func find(kinds []Kind, name string) *Kind {
	for i := range kinds {
		if kinds[i].Name == name {
			return &kinds[i]
		}
	}
	return nil
}

func (s Spec) checkCommon() error {
	bounds := fmt.Sprintf("must be from %v to %v", MinTTL, MaxTTL)
	switch {
	case s.TTL == 0:
		return shop.Invalid("/ttl", "is missing: no fault is injected without an end; it "+bounds)
	case s.TTL < MinTTL || s.TTL > MaxTTL:
		return shop.Invalid("/ttl", bounds)
	case !(s.Toxicity >= 0 && s.Toxicity <= 1):
		return shop.Invalid("/toxicity", "must be from 0 to 1; 0 means 1")
	case s.First < 0 || s.First > MaxFirst:
		return shop.Invalid("/first", fmt.Sprintf("must be from 0 to %d; 0 means all", MaxFirst))
	case s.Lease != 0 && (s.Lease < MinTTL || s.Lease > MaxTTL):
		return shop.Invalid("/lease", bounds+", or not be there")
	}
	if err := checkText(s.By); err != nil {
		return shop.Invalid("/by", err.Error())
	}
	return nil
}

// filled returns the spec with the parameters that it did not give.
func (s Spec) filled(values map[string]value) Spec {
	s.Params = maps.Clone(s.Params)
	if s.Params == nil {
		s.Params = map[string]string{}
	}
	for name, v := range values {
		s.Params[name] = v.text
	}
	return s
}

// asError makes a *shop.Error of what a kind's Start returns.
func asError(err error) error {
	if _, ok := errors.AsType[*shop.Error](err); ok || err == nil {
		return err
	}
	return &shop.Error{Code: shop.CodeUnavailable, Message: "the fault could not begin: " + err.Error(), Err: err}
}
