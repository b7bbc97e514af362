package shop

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Bounds of what names things.
const (
	MaxKey  = 64 // of an idempotency key
	MaxName = 64 // of any other name: customer, tenant, product, order, card
)

// A Reference names a checkout in all books: customer, slash, idempotency key.
type Reference string

// NewReference makes the reference of a customer's checkout.
func NewReference(customer, key string) Reference {
	return Reference(customer + "/" + key)
}

// Customer returns whose checkout it is.
func (r Reference) Customer() string {
	customer, _, _ := strings.Cut(string(r), "/")
	return customer
}

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// OrderID returns the id of the order that a checkout makes: a digest of its
// reference, so that whoever knows the key can ask what became of it. salt is
// empty unless keys are to be ignored; then it makes every order another one.
func (r Reference) OrderID(salt string) string {
	digest := sha256.Sum256([]byte(string(r) + "\x00" + salt))
	return "ord_" + idEncoding.EncodeToString(digest[:15])
}

// CheckName returns an error unless a name has 1 to MaxName of letters, digits,
// '_', '-', '.' and '@'.
func CheckName(pointer, name string) error {
	return checkText(pointer, name, MaxName)
}

// CheckKey returns an error unless an idempotency key has 1 to MaxKey characters
// of those that a name may have.
func CheckKey(key string) error {
	if key == "" {
		return &Error{Code: CodeKeyMissing, Message: "this request needs an Idempotency-Key", Pointer: "header:" + HeaderIdempotencyKey}
	}
	return checkText("header:"+HeaderIdempotencyKey, key, MaxKey)
}

func checkText(pointer, text string, most int) error {
	switch {
	case text == "":
		return Invalid(pointer, "must not be empty")
	case len(text) > most:
		return Invalid(pointer, "is too long")
	}
	for _, c := range []byte(text) {
		if !isNameByte(c) {
			return Invalid(pointer, "may have letters, digits, '_', '-', '.' and '@' only")
		}
	}
	return nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '-' || c == '.' || c == '@'
}
