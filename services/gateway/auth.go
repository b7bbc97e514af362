package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

const (
	// maxPassword is what bcrypt can tell apart.
	maxPassword = 72
	// loginRate and loginBurst bound the logins of each name, a second and at once: a
	// guesser is no customer, and gets far less.
	loginRate, loginBurst = 5, 20
	// loginBuckets is how many buckets the names share, those of users and all others.
	loginBuckets = 1 << 14
	// sessionRate and sessionBurst bound the refreshes and logouts of each session.
	sessionRate, sessionBurst = 1, 10
)

// An authenticator lets users in and knows them again.
type authenticator struct {
	config   Config
	users    map[string]*User
	stranger []byte // the hash that an unknown user's password is compared with
	tokens   *tokenizer
	renewals *sealer
	names    []byte // the key of the digests that bucketOf makes
	store    SessionStore
	hash     *resilience.Offloader
	limit    *resilience.Limiter // of customers
	tenants  *resilience.TenantGate
	logins   *resilience.Limiter // of names
	sessions *resilience.Limiter

	entered, renewed *outcomes
}

func newAuthenticator(rt *service.Runtime, c Config) *authenticator {
	a := &authenticator{
		config:   c,
		users:    make(map[string]*User, len(c.Users)),
		tokens:   newTokenizer(rt.Metrics, c),
		renewals: newSealer(c),
		names:    derive(c.SigningKey, "login buckets"),
		store:    c.Store,
		hash:     resilience.NewOffload(rt.Protections, "hash", rt.Classes("hash")),
		limit:    resilience.NewRateLimit(rt.Protections, c.Rate),
		tenants:  resilience.NewTenantLimit(rt.Protections, c.Tenants),
		logins: resilience.NewRateLimit(rt.Protections, resilience.RateConfig{
			Target: "logins", Rate: loginRate, Burst: loginBurst, Keys: loginBuckets, // so that none is forgotten
		}),
		sessions: resilience.NewRateLimit(rt.Protections, resilience.RateConfig{
			Target: "sessions", Rate: sessionRate, Burst: sessionBurst,
		}),
		entered: newOutcomes(rt.Metrics, "logins_total", "Logins, by outcome."),
		renewed: newOutcomes(rt.Metrics, "refreshes_total", "Refreshes of tokens, by outcome."),
	}
	for i := range c.Users {
		a.users[c.Users[i].ID] = &c.Users[i]
	}
	var err error
	if a.stranger, err = bcrypt.GenerateFromPassword(c.Secret(16), c.BcryptCost); err != nil {
		panic("gateway: " + err.Error()) // the cost is out of range
	}
	return a
}

// A private handler answers requests of somebody known.
type private func(t *loop.Task, r *service.Request, who Identity) (service.Response, error)

// known makes a handler that lets nobody in without a good access token, nor more
// often than the limit of a customer allows, nor while the tenant has too much under way.
func (a *authenticator) known(handle private) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		who, err := a.identify(r)
		if err == nil {
			err = a.limit.Allow(who.Customer)
		}
		if err != nil {
			return service.Response{}, err
		}
		leave, err := a.tenants.Enter(who.Tenant)
		if err != nil {
			return service.Response{}, err
		}
		defer leave()
		return handle(t, r, who)
	}
}

// identify reads the Authorization header (RFC 6750, 2.1).
func (a *authenticator) identify(r *service.Request) (Identity, error) {
	scheme, token, _ := strings.Cut(r.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Identity{}, &shop.Error{Code: shop.CodeUnauthenticated, Message: "this request needs an access token"}
	}
	who, err := a.tokens.verify(token, time.Now())
	if err != nil {
		return Identity{}, &shop.Error{Code: shop.CodeUnauthenticated, Message: "the access token is no good", Err: err}
	}
	return who, nil
}

// login answers POST /v1/login. Whether the user is unknown or the password wrong
// shows neither in the answer nor in how long it takes, nor in how often it is given.
func (a *authenticator) login(t *loop.Task, r *service.Request) (service.Response, error) {
	q, err := decodeLogin(r)
	if err != nil {
		return service.Response{}, err
	}
	if err := a.logins.Allow(a.bucketOf(q.User)); err != nil {
		return service.Response{}, err
	}
	u := a.users[q.User]
	if err := a.checkPassword(t, u, q.Password); err != nil {
		return service.Response{}, err
	}
	first := a.renewals.begin()
	s := Session{Family: first.family, User: u.ID, Token: first.digest, Expires: time.Now().Add(a.config.RefreshTTL)}
	if err := a.store.Open(t, s); err != nil {
		return service.Response{}, err
	}
	return a.answer(u, first.text)
}

// bucketOf names what limits the logins of a name. Names share so few buckets that all
// of them are remembered: none can be emptied by asking for others. Which names share
// one cannot be known without the key.
func (a *authenticator) bucketOf(name string) string {
	digest := keyedDigest(a.names, []byte(name))
	return strconv.Itoa(int(binary.BigEndian.Uint32(digest) % loginBuckets))
}

func decodeLogin(r *service.Request) (shop.LoginRequest, error) {
	q, err := service.Decode[shop.LoginRequest](r.Body)
	if err == nil {
		err = shop.CheckName("/user", q.User)
	}
	if err == nil && (q.Password == "" || len(q.Password) > maxPassword) {
		err = shop.Invalid("/password", "must have from 1 to 72 bytes")
	}
	return q, err
}

// checkPassword compares a password with that of the user, nil for an unknown one.
// This is CPU work, for a worker of the pool.
func (a *authenticator) checkPassword(t *loop.Task, u *User, password string) error {
	want := a.stranger
	if u != nil {
		want = u.PasswordHash
	}
	same, err := resilience.Run(t, a.hash, func(context.Context) (bool, error) {
		return bcrypt.CompareHashAndPassword(want, []byte(password)) == nil, nil
	})
	if err == nil && (!same || u == nil) {
		err = &shop.Error{Code: shop.CodeUnauthenticated, Message: "the user or the password is wrong"}
	}
	return err
}

// refresh answers POST /v1/refresh. A token that was used before has been stolen, by
// whoever used it or by whoever does now: nobody keeps the session.
func (a *authenticator) refresh(t *loop.Task, r *service.Request) (service.Response, error) {
	old, err := a.decodeRefresh(r)
	if err != nil {
		return service.Response{}, sessionError(err)
	}
	next := a.renewals.next(old)
	id, err := a.store.Rotate(t, Rotation{
		Family: old.family, Token: old.digest, Next: next.digest, Expires: time.Now().Add(a.config.RefreshTTL),
	})
	if err != nil {
		return service.Response{}, sessionError(err)
	}
	u := a.users[id]
	if u == nil { // is a user no more
		return service.Response{}, sessionError(ErrNoSession)
	}
	return a.answer(u, next.text)
}

// logout answers POST /v1/logout. Access tokens are good until they expire.
func (a *authenticator) logout(t *loop.Task, r *service.Request) (service.Response, error) {
	token, err := a.decodeRefresh(r)
	switch {
	case errors.Is(err, ErrNoSession):
		return service.Response{Status: 204}, nil
	case err != nil:
		return service.Response{}, err
	}
	return service.Response{Status: 204}, a.store.Revoke(t, token.family)
}

// decodeRefresh reads a refresh token, as often as its session may ask. One that this
// gateway never made costs next to nothing: ErrNoSession.
func (a *authenticator) decodeRefresh(r *service.Request) (refreshToken, error) {
	q, err := service.Decode[shop.RefreshRequest](r.Body)
	if err == nil && (q.RefreshToken == "" || len(q.RefreshToken) > maxToken) {
		err = shop.Invalid("/refresh_token", "is empty or too long")
	}
	if err != nil {
		return refreshToken{}, err
	}
	token, ok := a.renewals.open(q.RefreshToken)
	if !ok {
		return refreshToken{}, ErrNoSession
	}
	return token, a.sessions.Allow(token.family)
}

func sessionError(err error) error {
	if errors.Is(err, ErrNoSession) || errors.Is(err, ErrTokenReused) {
		return &shop.Error{Code: shop.CodeUnauthenticated, Message: "the refresh token is no good", Err: err}
	}
	return err
}

// answer is what a user gets who was let in (RFC 6749, 5.1).
func (a *authenticator) answer(u *User, refresh string) (service.Response, error) {
	access, err := a.tokens.issue(u, time.Now())
	if err != nil {
		return service.Response{}, err
	}
	answer, err := service.JSON(200, shop.Tokens{
		AccessToken:  access,
		TokenType:    "Bearer",
		ExpiresIn:    int64(a.config.AccessTTL / time.Second),
		RefreshToken: refresh,
	})
	answer.Header = append(answer.Header, service.Field{Name: "Cache-Control", Value: "no-store"})
	return answer, err
}
