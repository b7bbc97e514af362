package gateway

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
)

// The parts of a refresh token, in bytes: which session it is of, what tells it from
// the others of the session, and the seal.
const (
	familyBytes  = 16
	numberBytes  = 16
	sealBytes    = sha256.Size
	refreshBytes = familyBytes + numberBytes + sealBytes
)

// A refreshToken is one of a session's. As it is sealed, it need not be kept to be
// known again: whatever token of a session is not the newest was used before.
type refreshToken struct {
	family string // the session, as stores know it
	text   string // as clients know it
	digest string // as stores know it
}

// A sealer makes refresh tokens, and knows those that were made with its key.
type sealer struct {
	key    []byte
	secret func(int) []byte
}

func newSealer(c Config) *sealer { return &sealer{derive(c.SigningKey, "refresh tokens"), c.Secret} }

// derive makes the key of one use (RFC 5869).
func derive(from ed25519.PrivateKey, use string) []byte {
	key, err := hkdf.Key(sha256.New, from.Seed(), nil, "brownout gateway: "+use, sha256.Size)
	if err != nil {
		panic("gateway: " + err.Error()) // too long a key was asked for
	}
	return key
}

// keyedDigest is one that nobody makes without the key (RFC 2104).
func keyedDigest(key, of []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(of)
	return h.Sum(nil)
}

// begin returns the first token of a new session.
func (s *sealer) begin() refreshToken { return s.seal(s.secret(familyBytes)) }

// next returns the next token of a session.
func (s *sealer) next(of refreshToken) refreshToken {
	family, err := hex.DecodeString(of.family)
	if err != nil {
		panic("gateway: " + err.Error()) // open and seal make no such token
	}
	return s.seal(family)
}

func (s *sealer) seal(family []byte) refreshToken {
	token := slices.Concat(family, s.secret(numberBytes))
	return tokenOf(append(token, keyedDigest(s.key, token)...))
}

// open reads a token; false if it was not made with the key.
func (s *sealer) open(text string) (refreshToken, bool) {
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) != refreshBytes {
		return refreshToken{}, false
	}
	body, seal := token[:refreshBytes-sealBytes], token[refreshBytes-sealBytes:]
	if !hmac.Equal(seal, keyedDigest(s.key, body)) {
		return refreshToken{}, false
	}
	return tokenOf(token), true
}

func tokenOf(token []byte) refreshToken {
	digest := sha256.Sum256(token)
	return refreshToken{
		family: hex.EncodeToString(token[:familyBytes]),
		text:   base64.RawURLEncoding.EncodeToString(token),
		digest: hex.EncodeToString(digest[:]),
	}
}
