package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
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
	// refreshBytes is the length of a refresh token before it is encoded.
	refreshBytes = 32
	// loginRate and loginBurst bound the logins of each user, a second and at once: a
	// guesser is no customer, and gets far less.
	loginRate, loginBurst = 5, 20
	// strangers is the bucket that all names share which are no user's: it is no name.
	strangers = ""
)

// An authenticator lets users in and knows them again.
type authenticator struct {
	config   Config
	users    map[string]*User
	stranger []byte // the hash that an unknown user's password is compared with
	tokens   *tokenizer
	store    SessionStore
	hash     *resilience.Offloader
	limit    *resilience.Limiter // of customers
	logins   *resilience.Limiter // of users, and one bucket for all strangers
}

func newAuthenticator(rt *service.Runtime, c Config) *authenticator {
	a := &authenticator{
		config: c,
		users:  make(map[string]*User, len(c.Users)),
		tokens: newTokenizer(c),
		store:  c.Store,
		hash:   resilience.NewOffload(rt.Protections, "hash", rt.Classes("hash")),
		limit:  resilience.NewRateLimit(rt.Protections, c.Rate),
		logins: resilience.NewRateLimit(rt.Protections, resilience.RateConfig{
			Target: "logins", Rate: loginRate, Burst: loginBurst, Keys: MaxUsers + 1, // so that nobody's is forgotten
		}),
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
// often than the limit of a customer allows.
func (a *authenticator) known(handle private) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		who, err := a.identify(r)
		if err == nil {
			err = a.limit.Allow(who.Customer)
		}
		if err != nil {
			return service.Response{}, err
		}
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
// shows neither in the answer nor in how long it takes. Who floods it can tell a name
// that has a bucket of its own from those that share one: user ids are no secret.
func (a *authenticator) login(t *loop.Task, r *service.Request) (service.Response, error) {
	q, err := decodeLogin(r)
	if err != nil {
		return service.Response{}, err
	}
	u := a.users[q.User]
	if err := a.logins.Allow(bucketOf(u)); err != nil {
		return service.Response{}, err
	}
	if err := a.checkPassword(t, u, q.Password); err != nil {
		return service.Response{}, err
	}
	family, first := a.random(16), a.random(refreshBytes)
	s := Session{Family: family, User: u.ID, Token: digestToken(first), Expires: time.Now().Add(a.config.RefreshTTL)}
	if err := a.store.Open(t, s); err != nil {
		return service.Response{}, err
	}
	return a.answer(u, first)
}

// bucketOf names what limits the logins of a user, nil for an unknown one. There are no
// more buckets than users, so strangers cannot crowd anybody's out.
func bucketOf(u *User) string {
	if u == nil {
		return strangers
	}
	return u.ID
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
	token, err := decodeRefresh(r)
	if err != nil {
		return service.Response{}, err
	}
	next := a.random(refreshBytes)
	id, err := a.store.Rotate(t, digestToken(token), digestToken(next), time.Now().Add(a.config.RefreshTTL))
	if err != nil {
		return service.Response{}, sessionError(err)
	}
	u := a.users[id]
	if u == nil { // is a user no more
		return service.Response{}, sessionError(ErrNoSession)
	}
	return a.answer(u, next)
}

// logout answers POST /v1/logout. Access tokens are good until they expire.
func (a *authenticator) logout(t *loop.Task, r *service.Request) (service.Response, error) {
	token, err := decodeRefresh(r)
	if err != nil {
		return service.Response{}, err
	}
	return service.Response{Status: 204}, a.store.Revoke(t, digestToken(token))
}

func decodeRefresh(r *service.Request) (string, error) {
	q, err := service.Decode[shop.RefreshRequest](r.Body)
	if err == nil && (q.RefreshToken == "" || len(q.RefreshToken) > maxToken) {
		err = shop.Invalid("/refresh_token", "is empty or too long")
	}
	return q.RefreshToken, err
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

func (a *authenticator) random(n int) string {
	return base64.RawURLEncoding.EncodeToString(a.config.Secret(n))
}

// digestToken is what the store knows of a refresh token.
func digestToken(token string) string {
	digest := sha256.Sum256([]byte(token))
	return hex.EncodeToString(digest[:])
}
