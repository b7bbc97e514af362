package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"brownout/internal/lab"
)

// The password of the embedded Redis is known to those who need it, and written nowhere.
func TestTheEmbeddedRedisIsClosedToOthers(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	payments := s.arguments(s.pid(s.Payments))
	at := payments[slices.Index(payments, "--redis")+1]
	c := redis.NewClient(&redis.Options{Addr: at, MaxRetries: -1})
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOAUTH ") {
		t.Errorf("without a password it says %v", err)
	}
	password := s.environment(s.pid(s.Payments), lab.EnvRedisPassword)
	known := redis.NewClient(&redis.Options{Addr: at, MaxRetries: -1, Password: password})
	defer known.Close()
	if err := known.Ping(t.Context()).Err(); err != nil || len(password) < 26 {
		t.Errorf("with a password of %d letters: %v", len(password), err)
	}
	if bank := s.environment(s.pid(s.Banks[0]), lab.EnvRedisPassword); bank != "" {
		t.Error("a bank knows the password")
	}
	left := map[string]string{}
	for _, r := range processesIn(s.dir) {
		left[fmt.Sprint("the command line of ", r.pid)] = strings.Join(r.arguments, " ")
	}
	s.close()
	maps.Copy(left, s.leftBehind())
	for name, text := range left {
		if strings.Contains(text, password) {
			t.Errorf("%s has the password", name)
		}
	}
}

// arguments returns those of a process that runs.
func (s *liveShop) arguments(pid int) []string {
	for _, r := range processesIn(s.dir) {
		if r.pid == pid {
			return r.arguments
		}
	}
	return nil
}

// environment returns a variable that a process was started with.
func (s *liveShop) environment(pid int, name string) string {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for variable := range strings.SplitSeq(string(text), "\x00") {
		if value, found := strings.CutPrefix(variable, name+"="); found {
			return value
		}
	}
	return ""
}

// leftBehind returns what the shop has said, and all files in its folder.
func (s *liveShop) leftBehind() map[string]string {
	s.t.Helper()
	all := map[string]string{"up": s.out.String() + s.err.String()}
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}
