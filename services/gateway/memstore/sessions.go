package memstore

import (
	"slices"
	"time"

	"brownout/services/gateway"
)

// sessions are the good ones, and perhaps some that have expired, by their families.
// Whoever has them has them alone.
type sessions struct {
	families map[string]session
	users    map[string][]string // their families in the order of Open; some may be over
}

type session struct {
	user    string
	newest  string // digest of a token
	expires time.Time
}

func newSessions() *sessions {
	return &sessions{families: map[string]session{}, users: map[string][]string{}}
}

func (s *sessions) open(n gateway.Session, now time.Time) {
	s.users[n.User] = append(s.makeRoom(n, now), n.Family)
	s.families[n.Family] = session{user: n.User, newest: n.Token, expires: n.Expires}
}

// makeRoom takes from a user's families those that are over, and, as long as there is
// no room for one more, revokes the oldest.
func (s *sessions) makeRoom(n gateway.Session, now time.Time) []string {
	families := slices.DeleteFunc(s.users[n.User], func(f string) bool {
		_, good := s.find(f, now)
		return !good || f == n.Family
	})
	for len(families) >= gateway.MaxSessions {
		delete(s.families, families[0])
		families = families[1:]
	}
	return families
}

// find returns a session that is good, and forgets one that has expired.
func (s *sessions) find(family string, now time.Time) (session, bool) {
	found, ok := s.families[family]
	if ok && isOver(found.expires, now) {
		delete(s.families, family)
		return session{}, false
	}
	return found, ok
}

func (s *sessions) rotate(r gateway.Rotation, now time.Time) (user string, err error) {
	found, good := s.find(r.Family, now)
	switch {
	case !good:
		return "", gateway.ErrNoSession
	case found.newest != r.Token:
		delete(s.families, r.Family)
		return "", gateway.ErrTokenReused
	}
	found.newest, found.expires = r.Next, r.Expires
	s.families[r.Family] = found
	return found.user, nil
}

func (s *sessions) revoke(family string) { delete(s.families, family) }
