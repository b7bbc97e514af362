package payments

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// bankKey names the instruction to a bank that sees to a wish: by it the bank knows
// that it has got the same one twice. Without idempotency, no two are the same.
func (d *desk) bankKey(w wish) string {
	key := bankKey(w.payment, w.do)
	if d.idempotency.On() {
		return key
	}
	return key + "." + strconv.FormatUint(d.runtime.Random.Uint64(), 36)
}

// longestID is that of an id for which there is room in a bank's key beside all else.
const longestID = 36

// bankKey is the payment's id, or a digest of one that is too long, and what to do.
func bankKey(payment string, do Operation) string {
	if len(payment) > longestID {
		digest := sha256.Sum256([]byte(payment))
		payment = hex.EncodeToString(digest[:longestID/2])
	}
	return payment + "." + string(do)
}
