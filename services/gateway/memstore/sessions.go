package memstore

import (
	"time"

	"brownout/services/gateway"
)

// sessions are refresh tokens by their digests. Whoever has them has them alone.
type sessions struct {
	tokens   map[string]*token
	families map[string]time.Time // those that are good, until when
	old      expiries             // tokens
	ended    expiries             // families
}

type token struct {
	family, user string
	used         bool
	expires      time.Time
}

func newSessions() *sessions {
	return &sessions{tokens: map[string]*token{}, families: map[string]time.Time{}}
}

func (s *sessions) open(n gateway.Session, now time.Time) {
	s.forget(now)
	s.keep(n.Token, &token{family: n.Family, user: n.User, expires: n.Expires})
}

// keep adds the newest token of a family, which lives as long as that.
func (s *sessions) keep(digest string, k *token) {
	s.tokens[digest], s.families[k.family] = k, k.expires
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
	s.ended.due(now, func(family string) {
		if isOver(s.families[family], now) {
			delete(s.families, family)
		}
	})
}
