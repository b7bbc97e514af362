package fault

import (
	"fmt"
	"regexp"
	"slices"

	"brownout/internal/shop"
)

// A Kind is a fault that can be injected.
type Kind struct {
	// Name is family.fault, as in "loop.block".
	Name string `json:"name"`
	// Summary says in one sentence what breaks.
	Summary string `json:"summary"`
	// Params are typed and bounded. The common ones are those of a Spec.
	Params []Param `json:"params,omitempty"`
	// Missing is why this process cannot have the fault, as in "this process has no
	// loop"; "" if it can.
	Missing string `json:"missing,omitempty"`
	// Start begins the harm and returns at once. What it starts must end soon after
	// Injection.Done, and what it changes be set back by Injection.OnEnd. Its error, which
	// may be a *shop.Error with the place, refuses the injection.
	Start func(*Injection) error `json:"-"`
}

var (
	kindName  = regexp.MustCompile(`^[a-z]+\.[a-z]+(-[a-z]+)*$`)
	paramName = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
)

// mustBeSound panics if the kind contradicts itself: an error of the program.
func (k *Kind) mustBeSound() {
	if !kindName.MatchString(k.Name) || k.Summary == "" || k.Start == nil && k.Missing == "" {
		panic(fmt.Sprintf("fault: kind %q is incomplete", k.Name))
	}
	for i, p := range k.Params {
		twice := slices.ContainsFunc(k.Params[:i], func(other Param) bool { return other.Name == p.Name })
		if twice || !paramName.MatchString(p.Name) || p.Help == "" {
			panic(fmt.Sprintf("fault: parameter %q of %s is incomplete, or there twice", p.Name, k.Name))
		}
		if _, err := p.parse(p.Default); err != nil {
			panic(fmt.Sprintf("fault: parameter %s of %s: the default %v", p.Name, k.Name, err))
		}
	}
}

// values reads the parameters that are given, and takes the defaults of the others.
func (k *Kind) values(given map[string]string) (map[string]value, error) {
	if err := k.refuseUnknown(given); err != nil {
		return nil, err
	}
	values := map[string]value{}
	for _, p := range k.Params {
		text, ok := given[p.Name]
		if !ok {
			text = p.Default
		}
		v, err := p.parse(text)
		if err != nil {
			return nil, shop.Invalid(paramPointer(p.Name), err.Error())
		}
		values[p.Name] = v
	}
	return values, nil
}

// refuseUnknown tells of the first parameter, in the order of names, that the kind does
// not have.
func (k *Kind) refuseUnknown(given map[string]string) error {
	var unknown []string
	for name := range given {
		if !slices.ContainsFunc(k.Params, func(p Param) bool { return p.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return shop.Invalid(paramPointer(slices.Min(unknown)), "is not a parameter of "+k.Name+"; "+k.paramNames())
}

func (k *Kind) paramNames() string {
	if len(k.Params) == 0 {
		return "it has none"
	}
	text := "it has "
	for i, p := range k.Params {
		if i > 0 {
			text += ", "
		}
		text += p.Name
	}
	return text
}
