package lab

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"

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
	known := map[string]bool{}
	for i, l := range logins {
		err := errors.Join(shop.CheckName("id", l.ID), shop.CheckName("tenant", l.Tenant))
		switch {
		case err != nil:
		case known[l.ID]:
			err = fmt.Errorf("the id %s is there twice", l.ID)
		case l.Role != shop.Customer && l.Role != shop.Operator:
			err = fmt.Errorf("the role must be %s or %s", shop.Customer, shop.Operator)
		}
		if err != nil {
			return fmt.Errorf("%s: user %d: %w", path, i, err)
		}
		known[l.ID] = true
	}
	return nil
}
