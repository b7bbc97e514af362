package metricstore_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

func TestConfigurationsThatAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*metricstore.Config)
	}{
		{"Dir", func(c *metricstore.Config) { c.Dir = "" }},
		{"Retention", func(c *metricstore.Config) { c.Retention = time.Second }},
		{"MaxBytes", func(c *metricstore.Config) { c.MaxBytes = 1000 }},
		{"Interval", func(c *metricstore.Config) { c.Interval = 100 * time.Millisecond }},
		{"Interval", func(c *metricstore.Config) { c.Interval = 2 * time.Second }},
		{"Timeout", func(c *metricstore.Config) { c.Timeout = 500 * time.Millisecond }},
		{"Timeout", func(c *metricstore.Config) { c.Timeout = -1 }},
		{"MaxQuerySamples", func(c *metricstore.Config) { c.MaxQuerySamples = -1 }},
		{"Exemplars", func(c *metricstore.Config) { c.Exemplars = -1 }},
		{"Exemplars", func(c *metricstore.Config) { c.Exemplars = 100_001 }},
	}
	for _, tt := range tests {
		c := metricstore.Config{Dir: t.TempDir()}
		tt.change(&c)
		if _, err := metricstore.Open(c); err == nil || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%+v: error %v does not name %s", c, err, tt.name)
		}
	}
}

func TestAFolderHasOneStore(t *testing.T) {
	dir := t.TempDir()
	in := func(c *metricstore.Config) { c.Dir = dir }
	open(t, in)
	if _, err := metricstore.Open(metricstore.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v does not name the folder", err)
	}
}

func TestASnapshotHasWhatTheStoreHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		handler, counter := registry("orders_total")
		l.serve(t, "gateway:80", handler)
		l.set(target("gateway"))
		for range 20 {
			counter.Inc()
			time.Sleep(time.Second)
		}
		dir := filepath.Join(t.TempDir(), "metrics")
		if err := l.Snapshot(dir); err != nil {
			t.Fatal(err)
		}
		copied := open(t, func(c *metricstore.Config) { c.Dir = dir })
		for _, expr := range []string{`{job="gateway"}[1m]`, `rate(orders_total[10s])`, `up`} {
			want, got := l.query(expr), copied.query(expr)
			if len(want) == 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v in the snapshot, %v in the store", expr, got, want)
			}
		}
		if err := l.Snapshot(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("a second snapshot in its place: %v", err)
		}
	})
}

func TestASnapshotOfNothing(t *testing.T) {
	dir := t.TempDir()
	if err := open(t).Snapshot(dir); err != nil {
		t.Fatal(err)
	}
	if found := open(t, func(c *metricstore.Config) { c.Dir = dir }).query("up"); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestAStoreIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for run := range 3 {
			l := open(t, func(c *metricstore.Config) { c.Dir, c.Targets = dir, gateway })
			l.serve(t, "gateway:80", text(fmt.Sprintf("run %d\n", run)))
			time.Sleep(2 * time.Second)
			l.expect(`run`, float64(run))
			l.expect(`count_over_time(run[1m])`, float64(4*(run+1)))
			if err := l.Store.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func gateway() []metricstore.Target { return []metricstore.Target{target("gateway")} }

func TestWhatIsTooOldGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, func(c *metricstore.Config) { c.Retention, c.Interval = 5*time.Minute, time.Second })
		l.serve(t, "gateway:80", text("x 1\n"))
		l.set(target("gateway"))
		time.Sleep(20 * time.Minute)
		l.expect(`count_over_time(x[4m])`, 240)
		kept, _ := l.value(`count_over_time(x[1h])`)
		if kept < 5*60 || kept > 9*60 {
			t.Errorf("%v samples are left, want those of 5 minutes and some more", kept)
		}
	})
}

func TestAFullStoreTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := open(t, ruled(`{groups: [{name: g, rules: [{record: recorded, expr: vector(1)}]}]}`), func(c *metricstore.Config) {
			c.Dir, c.MaxBytes, c.Interval = dir, 1<<20, metricstore.DefaultInterval
		})
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, "x{i=\"%d\"} %d\n", i, i*i)
		}
		l.serve(t, "gateway:80", text(b.String()))
		l.set(target("gateway"))
		time.Sleep(2 * time.Second)
		l.expect(`up`, 1)
		l.expect(`recorded`, 1)
		time.Sleep(time.Minute)
		l.expect(`up`, 0)
		l.expectNothing(`recorded`)
		expectStatus(t, l, "full")
		if size := bytesBelow(t, dir); size > 4<<20 {
			t.Errorf("the folder has %d bytes", size)
		}
	})
}
