package shopfile

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"brownout/internal/shop"
)

// Check returns an error that begins with the JSON pointer of the first place that
// is wrong, nil if there is none.
func (s *Shop) Check() error {
	if s.Gateway == "" {
		return fmt.Errorf("/gateway: missing: want the URL of the gateway")
	}
	for _, check := range []func() error{s.checkSizes, s.checkURLs, s.checkUsers} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) checkSizes() error {
	for _, list := range []struct {
		pointer    string
		size, most int
	}{
		{"/banks", len(s.Banks), MaxParts}, {"/admin", len(s.Admin), MaxParts}, {"/supervisors", len(s.Supervisors), MaxParts},
		{"/users", len(s.Users), MaxUsers}, {"/journals", len(s.Journals), MaxParts},
	} {
		if list.size > list.most {
			return fmt.Errorf("%s: %d of them: at most %d are allowed", list.pointer, list.size, list.most)
		}
	}
	return nil
}

func (s *Shop) checkURLs() error {
	places := []place{
		{"/gateway", s.Gateway}, {"/payments", s.Payments}, {"/inventory", s.Inventory}, {"/control", s.Control},
		{"/load", s.Load}, {"/room", s.Room}, {"/prometheus", s.Prometheus}, {"/otlp", s.OTLP},
	}
	for i, bank := range s.Banks {
		places = append(places, place{fmt.Sprintf("/banks/%d", i), bank})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Admin)) {
		places = append(places, place{"/admin/" + name, s.Admin[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Supervisors)) {
		places = append(places, place{"/supervisors/" + name, s.Supervisors[name]})
	}
	for _, p := range places {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

// A place is a URL and the JSON pointer to it.
type place struct{ pointer, url string }

func (p place) check() error {
	if p.url == "" {
		return nil
	}
	u, err := url.Parse(p.url)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", p.pointer, err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("%s: %q: want http:// or https:// and a host", p.pointer, p.url)
	case u.Path != "", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return fmt.Errorf("%s: %q: want a scheme and a host, and nothing else", p.pointer, p.url)
	}
	return nil
}

func (s *Shop) checkUsers() error {
	first := make(map[string]int, len(s.Users))
	for i, u := range s.Users {
		pointer := fmt.Sprintf("/users/%d", i)
		if err := u.check(pointer); err != nil {
			return err
		}
		if before, twice := first[u.ID]; twice {
			return fmt.Errorf("%s/id: %q is also user %d", pointer, u.ID, before)
		}
		first[u.ID] = i
	}
	return nil
}

func (u User) check(pointer string) error {
	if problem := nameProblem(pointer+"/id", u.ID); problem != nil {
		return problem
	}
	if problem := nameProblem(pointer+"/tenant", u.Tenant); problem != nil {
		return problem
	}
	if u.Role != shop.Customer && u.Role != shop.Operator {
		return fmt.Errorf("%s/role: %q: want %q or %q", pointer, u.Role, shop.Customer, shop.Operator)
	}
	return nil
}

// nameProblem says what is wrong with a name, without the code that an answer
// over HTTP would carry.
func nameProblem(pointer, name string) error {
	if err := shop.CheckName(pointer, name); err != nil {
		return fmt.Errorf("%s: %q is no name: 1 to %d letters, digits, '_', '-', '.' and '@'", pointer, name, shop.MaxName)
	}
	return nil
}
