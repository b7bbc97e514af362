package lab_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/lab"
)

func TestReadUsers(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	user := func(id, role string) string {
		return fmt.Sprintf(`{"id":%q,"tenant":"t","role":%q,"password_hash":%q}`, id, role, hash)
	}
	good := user("a", "customer")
	for _, tt := range []struct{ name, text, want string }{
		{"two users", `[` + good + `,` + user("o", "operator") + `]`, ""},
		{"no JSON", `[`, "unexpected EOF"},
		{"no list", `{}`, "unmarshal JSON object"},
		{"an unknown member", `[` + strings.Replace(good, "{", `{"age":7,`, 1) + `]`, `unknown object member name "age" within "/0"`},
		{"a member twice", `[` + strings.Replace(good, "{", `{"id":"a",`, 1) + `]`, `duplicate object member name "id" within "/0"`},
		{"no id", `[{}]`, "/0/id: must be 1 to 64 letters"},
		{"no name", `[` + user("a b", "customer") + `]`, "/0/id: must be 1 to 64 letters"},
		{"no tenant", `[` + strings.Replace(good, `"tenant":"t",`, "", 1) + `]`, "/0/tenant: must be 1 to 64 letters"},
		{"no role", `[` + user("a", "boss") + `]`, "/0/role: must be customer or operator"},
		{"no hash", `[` + good + `,{"id":"b","tenant":"t","role":"customer","password_hash":"secret"}]`, "/1/password_hash: is no bcrypt hash"},
		{"twice", `[` + good + `,` + good + `]`, "/1/id: is that of an earlier user"},
		{"too long", strings.Repeat(" ", 8<<20+1), "is larger than 8388608 bytes"},
		{"too many", `[` + strings.TrimSuffix(strings.Repeat(`{},`, 10_001), ",") + `]`, "10001 users: at most 10000 are allowed"},
	} {
		path := filepath.Join(t.TempDir(), "users.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		users, err := lab.ReadUsers(path)
		if tt.want == "" {
			if err != nil || len(users) != 2 || users[1].ID != "o" {
				t.Errorf("%s: %+v, %v", tt.name, users, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := lab.ReadUsers("/nowhere"); err == nil || err.Error() != "the users cannot be read from /nowhere: no such file or directory" {
		t.Errorf("no file: %v", err)
	}
}
