package lab

import (
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"golang.org/x/crypto/bcrypt"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// maxUsersFile bounds a file of users in bytes.
const maxUsersFile = 8 << 20

// A Login is a user as the gateway is told of it, in a file that is a list of them.
type Login struct {
	shopfile.User
	PasswordHash string `json:"password_hash"` // bcrypt
}

// loginsFile is the file of users who have one password, by its hash.
func loginsFile(users []shopfile.User, hash string) (string, error) {
	logins := make([]Login, len(users))
	for i, u := range users {
		logins[i] = Login{u, hash}
	}
	text, err := json.Marshal(logins)
	return string(text), err
}

// ReadUsers reads and checks a file of users. Errors name the file and the place.
func ReadUsers(path string) ([]Login, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, sentence(err, "the users cannot be read from "+path)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxUsersFile+1))
	if err != nil {
		return nil, sentence(err, "the users cannot be read from "+path)
	}
	if len(text) > maxUsersFile {
		return nil, fmt.Errorf("%s: is larger than %d bytes", path, maxUsersFile)
	}
	var logins []Login
	if err := json.Unmarshal(text, &logins, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return logins, checkLogins(path, logins)
}

func checkLogins(path string, logins []Login) error {
	if len(logins) > shopfile.MaxUsers {
		return fmt.Errorf("%s: %d users: at most %d are allowed", path, len(logins), shopfile.MaxUsers)
	}
	known := map[string]bool{}
	for i, l := range logins {
		place, wrong := l.check()
		if wrong == "" && known[l.ID] {
			place, wrong = "id", "is that of an earlier user"
		}
		if wrong != "" {
			return fmt.Errorf("%s: /%d/%s: %s", path, i, place, wrong)
		}
		known[l.ID] = true
	}
	return nil
}

// check returns what is wrong with a login, and with which member; "" if nothing is.
func (l Login) check() (place, wrong string) {
	const name = "must be 1 to 64 letters, digits, '_', '-', '.' and '@'"
	switch {
	case shop.CheckName("", l.ID) != nil:
		return "id", name
	case shop.CheckName("", l.Tenant) != nil:
		return "tenant", name
	case l.Role != shop.Customer && l.Role != shop.Operator:
		return "role", "must be customer or operator"
	}
	if _, err := bcrypt.Cost([]byte(l.PasswordHash)); err != nil {
		return "password_hash", "is no bcrypt hash"
	}
	return "", ""
}
