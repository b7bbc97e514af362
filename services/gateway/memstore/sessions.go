package memstore

import (
	"slices"
	"time"

	"brownout/services/gateway"
)

// sessions are refresh tokens by their digests. Whoever has them has them alone.
type sessions struct {
	tokens   map[string]*token
	families map[string]family   // those that are good
	users    map[string][]string // their families in the order of Open; some may be over
	old      expiries            // tokens
	ended    expiries            // families
}

type family struct {
	newest  string // token
	expires time.Time
}

type token struct {
	family, user string
	used         bool
	expires      time.Time
}

func newSessions() *sessions {
	return &sessions{tokens: map[string]*token{}, families: map[string]family{}, users: map[string][]string{}}
}

func (s *sessions) open(n gateway.Session, now time.Time) {
	s.forget(now)
	s.users[n.User] = append(s.makeRoom(s.users[n.User]), n.Family)
	s.keep(n.Token, &token{family: n.Family, user: n.User, expires: n.Expires})
}

// makeRoom takes from a user's families those that are over, and, as long as there is
// no room for one more, revokes the oldest.
func (s *sessions) makeRoom(families []string) []string {
	families = slices.DeleteFunc(families, func(f string) bool { _, good := s.families[f]; return !good })
	for len(families) >= gateway.MaxSessions {
		delete(s.tokens, s.families[families[0]].newest)
		delete(s.families, families[0])
		families = families[1:]
	}
	return families
}

// keep adds the newest token of a family, which lives as long as that.
func (s *sessions) keep(digest string, k *token) {
	s.tokens[digest], s.families[k.family] = k, family{digest, k.expires}
	s.old.add(digest, k.expires)
	s.ended.add(k.family, k.expires)
}

func (s *sessions) rotate(digest, next string, expires, now time.Time) (user string, err error) {
	s.forget(now)
	k := s.tokens[digest]
	if k == nil || isOver(k.expires, now) {
		return "", gateway.ErrNoSession
	}
	if _, good := s.families[k.family]; !good {
		return "", gateway.ErrNoSession
	}
	if k.used {
		delete(s.families, k.family)
		return "", gateway.ErrTokenReused
	}
	k.used = true
	s.keep(next, &token{family: k.family, user: k.user, expires: expires})
	return k.user, nil
}

func (s *sessions) revoke(digest string) {
	if k := s.tokens[digest]; k != nil {
		delete(s.families, k.family)
	}
}

func (s *sessions) forget(now time.Time) {
	s.old.due(now, func(digest string) { delete(s.tokens, digest) })
	s.ended.due(now, func(name string) {
		if isOver(s.families[name].expires, now) {
			delete(s.families, name)
		}
	})
}
