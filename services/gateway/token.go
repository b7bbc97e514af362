package gateway

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/shop"
)

const (
	// maxVerified bounds the access tokens that are known to be good.
	maxVerified = 10_000
	// maxToken bounds the length of a token; ours have some 400 bytes.
	maxToken = 2048
)

// An Identity is who asks, as an access token says.
type Identity struct {
	Customer string // the user's id
	Tenant   string
	Role     shop.Role
}

// claims are what an access token says (RFC 7519).
type claims struct {
	jwt.RegisteredClaims
	Tenant string    `json:"tenant"`
	Role   shop.Role `json:"role"`
}

// Validate implements jwt.ClaimsValidator: what we need beside the standard's.
func (c claims) Validate() error {
	if shop.CheckName("/sub", c.Subject) != nil || shop.CheckName("/tenant", c.Tenant) != nil {
		return errors.New("the subject or the tenant is malformed")
	}
	if c.Role != shop.Customer && c.Role != shop.Operator {
		return errors.New("the role is unknown")
	}
	return nil
}

// A tokenizer issues access tokens and verifies them. To verify a signature takes
// some 50 µs, so it remembers those it has seen until they expire.
type tokenizer struct {
	key      ed25519.PrivateKey
	public   ed25519.PublicKey
	issuer   string
	audience string
	ttl      time.Duration
	secret   func(int) []byte
	parser   *jwt.Parser
	verified *lru[string, verifiedToken]
	metrics  *cacheMetrics // of verified
}

type verifiedToken struct {
	who     Identity
	expires time.Time
}

func newTokenizer(reg prometheus.Registerer, c Config) *tokenizer {
	return &tokenizer{
		key:      c.SigningKey,
		public:   c.SigningKey.Public().(ed25519.PublicKey),
		issuer:   c.Issuer,
		audience: c.Audience,
		ttl:      c.AccessTTL,
		secret:   c.Secret,
		verified: newLRU[string, verifiedToken](maxVerified),
		metrics:  newCacheMetrics(reg, "tokens"),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithIssuer(c.Issuer),
			jwt.WithAudience(c.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(),
			jwt.WithStrictDecoding(),
		),
	}
}

// issue returns an access token of the user.
func (k *tokenizer) issue(u *User, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    k.issuer,
			Audience:  jwt.ClaimStrings{k.audience},
			Subject:   u.ID,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(k.ttl)),
			ID:        base64.RawURLEncoding.EncodeToString(k.secret(12)),
		},
		Tenant: u.Tenant,
		Role:   u.Role,
	})
	return token.SignedString(k.key)
}

// verify returns whom an access token stands for.
func (k *tokenizer) verify(token string, now time.Time) (Identity, error) {
	if v, ok := k.verified.get(token); ok {
		if now.Before(v.expires) {
			k.metrics.hits.Inc()
			return v.who, nil
		}
		k.verified.remove(token)
	}
	k.metrics.misses.Inc()
	if len(token) > maxToken {
		return Identity{}, errors.New("the token is too long")
	}
	var c claims
	if _, err := k.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return k.public, nil }); err != nil {
		return Identity{}, err
	}
	who := Identity{Customer: c.Subject, Tenant: c.Tenant, Role: c.Role}
	if k.verified.put(token, verifiedToken{who: who, expires: c.ExpiresAt.Time}) {
		k.metrics.evictions.Inc()
	}
	k.metrics.entries.Set(float64(k.verified.len()))
	return who, nil
}
