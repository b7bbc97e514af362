package metricstore_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/metricstore"
)

// The environment of a process that is a store until it is killed.
const (
	storeDir    = "METRICSTORE_TEST_DIR"
	storeTarget = "METRICSTORE_TEST_TARGET"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(storeDir); dir != "" {
		scrapeUntilKilled(dir, os.Getenv(storeTarget))
	}
	os.Exit(m.Run())
}

func scrapeUntilKilled(dir, url string) {
	_, err := metricstore.Open(metricstore.Config{Dir: dir, Interval: time.Second, Targets: func() []metricstore.Target {
		return []metricstore.Target{{Job: "gateway", URL: url}}
	}})
	fmt.Println("open:", err)
	select {}
}

// A store is killed while it scrapes for the third time: two scrapes are kept.
func TestAKilledStoreLosesOnlyTheScrapeUnderWay(t *testing.T) {
	dir := killedStore(t)
	l := open(t, func(c *metricstore.Config) { c.Dir = dir })
	expectPoints(t, l, 2)
}

// The tail of its log is missing as well: what comes before the tear is kept.
func TestATornLogIsCut(t *testing.T) {
	dir := killedStore(t)
	tear(t, filepath.Join(dir, "wal", "00000000"))
	l := open(t, func(c *metricstore.Config) { c.Dir = dir })
	expectPoints(t, l, 1)
}

// expectPoints wants the values 1 to n, scrape by scrape.
func expectPoints(t *testing.T, l *lab, n int) {
	t.Helper()
	found := l.query(`scrapes_total[1h]`)
	if len(found) != 1 || len(found[0].Points) != n {
		t.Fatalf("found %v, want %d points", found, n)
	}
	for i, p := range found[0].Points {
		if p.V != float64(i+1) {
			t.Errorf("point %d is %v", i, p)
		}
	}
}

// killedStore returns the folder of a store whose process was killed during its third
// scrape.
func killedStore(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var scrapes atomic.Int64
	third := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := scrapes.Add(1)
		if n >= 3 {
			if n == 3 {
				close(third)
			}
			<-r.Context().Done()
			return
		}
		text(fmt.Sprintf("scrapes_total %d\n", n)).ServeHTTP(w, r)
	}))
	defer server.Close()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), storeDir+"="+dir, storeTarget+"="+server.URL)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open: <nil>\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	<-third
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	return dir
}

// tear cuts off the end of a log: the report of the second scrape, and a part of its
// samples.
func tear(t *testing.T, path string) {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, log[:len(log)-60], 0o600); err != nil {
		t.Fatal(err)
	}
}
