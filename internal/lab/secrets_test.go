package lab_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/lab"
	"brownout/internal/shopfile"
)

// keep returns the secrets of a file.
func keep(t *testing.T, path string) *lab.Secrets {
	t.Helper()
	s, err := lab.KeepSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecretsAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "init", "secrets.json")
	first := keep(t, path)
	if again := keep(t, path); *again != *first {
		t.Error("the second time they are others")
	}
	if others := keep(t, filepath.Join(t.TempDir(), "secrets.json")); others.AdminToken == first.AdminToken || others.SigningKey == first.SigningKey {
		t.Error("another shop has the same")
	}
	expectMode(t, path, 0o400)
	expectMode(t, filepath.Dir(path), 0o700)
}

func expectMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != want {
		t.Errorf("%s has mode %o, want %o", path, mode, want)
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", `{`, "secrets.json: "},
		{"an unknown member", `{"age":7}`, `unknown object member name "age"`},
		{"nothing", `{}`, "secrets.json: /epoch_id: missing"},
		{"not all", `{"epoch_id":"e","admin_token":"a"}`, "secrets.json: /service_token: missing"},
		{"too much", strings.Repeat(" ", 64<<10+1), "more than 65536 bytes"},
	} {
		path := filepath.Join(t.TempDir(), "secrets.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o400); err != nil {
			t.Fatal(err)
		}
		if _, err := lab.KeepSecrets(path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// handOut hands out new secrets, and returns all files of each part, by the path below the folder.
func handOut(t *testing.T, dir string, s *lab.Secrets) map[string]string {
	t.Helper()
	if err := s.HandOut(dir); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		expectMode(t, path, 0o400)
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Who knows a secret is a list, and whoever is not on it does not know.
func TestEachPartHasItsOwnSecrets(t *testing.T) {
	dir := t.TempDir()
	s := keep(t, filepath.Join(t.TempDir(), "secrets.json"))
	files := handOut(t, dir, s)
	for _, tt := range []struct {
		name, secret string
		known        []string
	}{
		{"the admin token", s.AdminToken, []string{"bank-a", "bank-b", "gateway", "inventory", "links", "load", "payments", "prometheus", "room"}},
		{"the service token", s.ServiceToken, []string{"gateway", "inventory", "payments", "room"}},
		{"the signing key", s.SigningKey, []string{"gateway"}},
		{"the password of Redis", s.RedisPassword, []string{"gateway", "inventory", "payments", "redis"}},
		{"the users' password", s.Password, []string{"load", "room"}},
		{"its hash", s.PasswordHash, []string{"gateway"}},
		{"Grafana's key", s.GrafanaKey, []string{"grafana"}},
	} {
		var known []string
		for name, text := range files {
			if strings.Contains(text, tt.secret) {
				known = append(known, filepath.Dir(name))
			}
		}
		slices.Sort(known)
		if known = slices.Compact(known); !slices.Equal(known, tt.known) {
			t.Errorf("%s: %v know it, want %v", tt.name, known, tt.known)
		}
	}
}

func TestWhatIsHandedOutIsUnderstood(t *testing.T) {
	dir := t.TempDir()
	s := keep(t, filepath.Join(t.TempDir(), "secrets.json"))
	handOut(t, dir, s)
	users, err := lab.ReadUsers(filepath.Join(dir, "gateway", "users.json"))
	if err != nil || bcrypt.CompareHashAndPassword([]byte(users[0].PasswordHash), []byte(s.Password)) != nil {
		t.Errorf("the gateway's users: %v, or another password", err)
	}
	for _, part := range []string{"load", "room"} {
		shop, err := shopfile.Read(filepath.Join(dir, part, "shop.json"))
		if err != nil || shop.EpochID != s.EpochID || shop.Gateway != "http://gateway:8080" {
			t.Errorf("%s: %+v, %v", part, shop, err)
		}
	}
}

// A file that says what it should is not touched; one that does not is replaced.
func TestSecretsAreHandedOutAgain(t *testing.T) {
	dir := t.TempDir()
	s := keep(t, filepath.Join(t.TempDir(), "secrets.json"))
	first := handOut(t, dir, s)
	same, other := filepath.Join(dir, "gateway", "admin-token"), filepath.Join(dir, "links", "admin-token")
	before, err := os.Stat(same)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := handOut(t, dir, s)
	if after, err := os.Stat(same); err != nil || !os.SameFile(before, after) {
		t.Errorf("a file that was right was written again (%v)", err)
	}
	for name, text := range first {
		if again[name] != text {
			t.Errorf("%s is another one", name)
		}
	}
	if len(again) != len(first) {
		t.Errorf("there are %d files, and were %d", len(again), len(first))
	}
}

func TestAShopInContainersIsSeenFromBothSides(t *testing.T) {
	s := keep(t, filepath.Join(t.TempDir(), "secrets.json"))
	for _, tt := range []struct {
		from           lab.Vantage
		payments, bank string
		links          string
		journals       int
	}{
		{lab.Inside, "http://payments:8081", "http://bank-b:8084", "http://links:9087", 1},
		{lab.Outside, "http://127.0.0.1:8081", "http://127.0.0.1:8084", "http://127.0.0.1:9087", 0},
	} {
		shop := s.Shop(tt.from)
		if err := shop.Check(); err != nil {
			t.Error(err)
		}
		if shop.Payments != tt.payments || shop.Banks[1] != tt.bank || shop.Admin["links"] != tt.links || len(shop.Journals) != tt.journals {
			t.Errorf("%+v, want %+v", shop, tt)
		}
	}
}
