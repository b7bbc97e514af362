package metricstore_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

// Two days go by, in small: a store that keeps forty minutes has as many blocks as one that keeps four hours. What it has on
// disk and in memory is bounded at each minute of them, though a day of it has no room there; and it always takes more.
func TestADayIsBounded(t *testing.T) {
	const (
		day    = 40 * time.Minute
		block  = day / 8
		room   = 3 << 20 // bytes
		series = 240
		minute = series * (60*9 + 120*8) // bytes that may come before the next look: samples in the log, and a whole chunk of each series
	)
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := open(t, func(c *metricstore.Config) {
			c.Dir, c.Targets, c.Retention, c.MaxBytes, c.Interval = dir, gateway, day, room, time.Second
		})
		l.serve(t, "gateway:80", newBusyPart(series))
		time.Sleep(50 * time.Second) // the database tidies up at whole minutes
		var disk int64
		var memory time.Duration
		for range 2 * day / time.Minute {
			time.Sleep(time.Minute)
			disk, memory = max(disk, bytesBelow(t, dir)), max(memory, l.InMemory())
		}
		kept, _ := l.value(`count_over_time(up[2h])`)
		t.Logf("at most %d bytes of %d on disk, %v in memory; %v seconds are kept", disk, room, memory, kept)
		if disk > room+minute {
			t.Errorf("%d bytes on disk", disk)
		}
		if memory > block*3/2+time.Minute {
			t.Errorf("samples of %v in memory", memory)
		}
		if kept < (2*block).Seconds() || kept > (day-block).Seconds() {
			t.Errorf("%v seconds are kept, want those that there is room for", kept)
		}
		l.expect(`min_over_time(up[2h])`, 1)
	})
}

// A busyPart shows what a part of a busy shop does: of four series, one rests, one counts, one is a sum of
// seconds, and one goes up and down.
type busyPart struct {
	random *rand.Rand
	values []float64
}

func newBusyPart(series int) *busyPart {
	return &busyPart{rand.New(rand.NewPCG(1, 2)), make([]float64, series)}
}

// ServeHTTP implements http.Handler, for one scraper.
func (p *busyPart) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	for i := range p.values {
		switch i % 4 {
		case 1:
			p.values[i] += float64(p.random.IntN(20))
		case 2:
			p.values[i] += p.random.Float64()
		case 3:
			p.values[i] = float64(p.random.IntN(100))
		}
		fmt.Fprintf(&b, "x{i=\"%d\"} %v\n", i, p.values[i])
	}
	text(b.String()).ServeHTTP(w, r)
}

// bytesBelow returns how large the files of a folder are.
func bytesBelow(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
