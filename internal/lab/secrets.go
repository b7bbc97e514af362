package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/crypto/bcrypt"
)

// Secrets open the parts of a shop that runs in containers. They are made once, and last as long as its data.
type Secrets struct {
	EpochID       string `json:"epoch_id"` // of the data
	AdminToken    string `json:"admin_token"`
	ServiceToken  string `json:"service_token"`
	SigningKey    string `json:"signing_key"` // the seed of an Ed25519 key, in base64
	RedisPassword string `json:"redis_password"`
	Password      string `json:"password"`      // of every user
	PasswordHash  string `json:"password_hash"` // its bcrypt hash
	GrafanaKey    string `json:"grafana_key"`   // by which Grafana encrypts what it keeps
}

// maxSecrets bounds the file of secrets, in bytes.
const maxSecrets = 64 << 10

// KeepSecrets returns the secrets that are in a file, which only its owner may read. If it is not there, new
// ones are made and kept there.
func KeepSecrets(path string) (*Secrets, error) {
	text, err := readSecrets(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecrets(path)
	}
	if err != nil {
		return nil, sentence(err, "the secrets cannot be read from "+path)
	}
	s := new(Secrets)
	if err := json.Unmarshal(text, s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if missing := s.missing(); missing != "" {
		return nil, fmt.Errorf("%s: /%s: missing", path, missing)
	}
	return s, nil
}

func readSecrets(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecrets+1))
	if err == nil && len(text) > maxSecrets {
		err = fmt.Errorf("more than %d bytes", maxSecrets)
	}
	return text, err
}

// missing names the first member that is empty, "" if none is.
func (s *Secrets) missing() string {
	for _, member := range []struct{ name, value string }{
		{"epoch_id", s.EpochID}, {"admin_token", s.AdminToken}, {"service_token", s.ServiceToken}, {"signing_key", s.SigningKey},
		{"redis_password", s.RedisPassword}, {"password", s.Password}, {"password_hash", s.PasswordHash}, {"grafana_key", s.GrafanaKey},
	} {
		if member.value == "" {
			return member.name
		}
	}
	return ""
}

// makeSecrets makes new ones.
func makeSecrets(path string) (*Secrets, error) {
	s := &Secrets{
		EpochID: rand.Text(), AdminToken: rand.Text(), ServiceToken: rand.Text(), RedisPassword: rand.Text(), GrafanaKey: rand.Text(),
		SigningKey: newSigningKey(), Password: password(),
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(s.Password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	s.PasswordHash = string(hash)
	text, err := json.Marshal(s, jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return s, keepSecret(path, text)
}

// newSigningKey makes the seed of an Ed25519 key, in base64.
func newSigningKey() string {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return base64.StdEncoding.EncodeToString(seed)
}

// keepSecret has a file say a text, and nobody but its owner read it. A file that says it already is not
// touched; another one is replaced as a whole, so that nobody reads a part of a secret.
func keepSecret(path string, text []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return sentence(err, "the folder "+filepath.Dir(path)+" cannot be made")
	}
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // which only its owner may read
	if err != nil {
		return sentence(err, "the secret "+path+" cannot be written")
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name()) // the first error is the one to tell
		}
	}()
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Chmod(secretMode), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// secretMode is that of a file with a secret: nobody writes to it.
const secretMode = 0o400
