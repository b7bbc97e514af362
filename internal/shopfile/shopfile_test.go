package shopfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

func complete() *shopfile.Shop {
	return &shopfile.Shop{
		Gateway:      "http://127.0.0.1:8080",
		Payments:     "http://127.0.0.1:8081",
		Inventory:    "https://inventory.test:8082",
		Banks:        []string{"http://127.0.0.1:8091", "http://127.0.0.1:8092"},
		Control:      "http://127.0.0.1:8086",
		Load:         "http://127.0.0.1:9086",
		Admin:        map[string]string{"gateway": "http://127.0.0.1:9080"},
		Supervisors:  map[string]string{"gateway": "http://127.0.0.1:10080"},
		AdminToken:   "a",
		ServiceToken: "s",
		Room:         "http://127.0.0.1:7070",
		Prometheus:   "http://127.0.0.1:9090",
		OTLP:         "http://127.0.0.1:4318",
		Users: []shopfile.User{
			{ID: "c-001", Tenant: "t-1", Role: shop.Customer},
			{ID: "o-001", Tenant: "t-1", Role: shop.Operator},
		},
		Password: "secret",
		Epoch:    "e1",
		Journals: []string{".brownout/journal.jsonl"},
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "shop.json")
	for _, epoch := range []string{"e1", "e2"} { // the second replaces the first
		written := complete()
		written.Epoch = epoch
		if err := shopfile.Write(path, written); err != nil {
			t.Fatal(err)
		}
		read, err := shopfile.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, written) {
			t.Errorf("read %+v, want %+v", read, written)
		}
	}
	expectOwnerOnly(t, path)
}

// expectOwnerOnly also makes sure that no temporary file is left beside the file.
func expectOwnerOnly(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder has %v (%v), want the file alone", entries, err)
	}
}

func TestWriteLeavesTheOldFileWhenTheShopIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.json")
	if err := shopfile.Write(path, complete()); err != nil {
		t.Fatal(err)
	}
	if err := shopfile.Write(path, &shopfile.Shop{}); err == nil {
		t.Error("a shop without a gateway was written")
	}
	if _, err := shopfile.Read(path); err != nil {
		t.Error(err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	const user = `{"id":"c","tenant":"t","role":"customer"}`
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", "{\n  oops}", ":2:3: invalid character"},
		{"wrong kind", "{\n\"gateway\":1}", ":2:"},
		{"no gateway", `{}`, ": /gateway: missing"},
		{"no URL", `{"gateway":"localhost:8080"}`, `: /gateway: "localhost:8080": want http:// or https://`},
		{"a path", `{"gateway":"http://h","payments":"http://h/"}`, ": /payments:"},
		{"a bank", `{"gateway":"http://h","banks":["http://h","ftp://h"]}`, ": /banks/1:"},
		{"too many banks", `{"gateway":"http://h","banks":[` + strings.Repeat(`"",`, shopfile.MaxParts) + `""]}`, ": /banks: 65 of them: at most 64 are allowed"},
		{"a lab's control", `{"gateway":"http://h","control":"h:1"}`, ": /control:"},
		{"a room", `{"gateway":"http://h","room":"http://h/page"}`, ": /room:"},
		{"the load's metrics", `{"gateway":"http://h","load":"http://h/metrics"}`, ": /load:"},
		{"an admin port", `{"gateway":"http://h","admin":{"x":"::"}}`, ": /admin/x:"},
		{"a supervisor", `{"gateway":"http://h","supervisors":{"x":"h:1"}}`, ": /supervisors/x:"},
		{"a user's id", `{"gateway":"http://h","users":[{"id":"","tenant":"t","role":"customer"}]}`, ": /users/0/id:"},
		{"a user's tenant", `{"gateway":"http://h","users":[{"id":"c","tenant":"a b","role":"customer"}]}`, ": /users/0/tenant:"},
		{"a user's role", `{"gateway":"http://h","users":[{"id":"c","tenant":"t","role":"boss"}]}`, ": /users/0/role:"},
		{"twice", `{"gateway":"http://h","users":[` + user + `,` + user + `]}`, `: /users/1/id: "c" is also user 0`},
		{"too long", strings.Repeat(" ", shopfile.MaxBytes+1), "longer than"},
	} {
		path := filepath.Join(t.TempDir(), "shop.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := shopfile.Read(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+":") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestReadOfNothing(t *testing.T) {
	if _, err := shopfile.Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want one that is fs.ErrNotExist", err)
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.json")
	if err := os.WriteFile(path, []byte(`{"gateway":"http://h","novelty":{"a":[1]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := shopfile.Read(path); err != nil {
		t.Error(err)
	}
}

func TestSupervisor(t *testing.T) {
	contained := shopfile.Shop{Supervisors: map[string]string{"gateway": "http://gateway:10080"}}
	if at := contained.Supervisor("gateway"); at != "http://gateway:10080" {
		t.Errorf("in containers the gateway's is %q", at)
	}
	if at := contained.Supervisor("redis"); at != "" {
		t.Errorf("in containers Redis has %q", at)
	}
	ofLab := shopfile.Shop{Control: "http://127.0.0.1:8086"}
	if at := ofLab.Supervisor("gateway"); at != ofLab.Control {
		t.Errorf("in a lab the gateway's is %q", at)
	}
}

func ExampleShop_Customers() {
	s := shopfile.Shop{Users: []shopfile.User{{ID: "boss", Role: shop.Operator}, {ID: "c-1", Role: shop.Customer}}}
	fmt.Println(s.Customers())
	// Output: [{c-1  customer}]
}
