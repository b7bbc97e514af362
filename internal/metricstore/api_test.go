package metricstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

// ask returns what the API of a store answers: with a body, to a POST.
func ask(t *testing.T, store *metricstore.Store, path, body string) (status int, answer string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	store.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// An envelope is what is around each answer.
type envelope struct {
	Status    string          `json:"status"`
	Data      json.RawMessage `json:"data"`
	ErrorType string          `json:"errorType"`
	Error     string          `json:"error"`
	Warnings  []string        `json:"warnings"`
	Infos     []string        `json:"infos"`
}

func open2000(t *testing.T) *lab {
	t.Helper()
	l := open(t, ruled(hot))
	l.serve(t, "gateway:80", text("# HELP x_total How \"often\".\n# TYPE x_total counter\nx_total{kind=\"a\"} 1\nx_total{kind=\"ü\\\"\"} 2.5\n# TYPE g gauge\ng +Inf\nx{a=\"1\"} 7\n"))
	l.set(target("gateway"))
	time.Sleep(20 * time.Second)
	return l
}

// start is when the time of a bubble begins.
const start = 946684800

// What is asked is answered as by a Prometheus server, character for character.
func TestAnswers(t *testing.T) {
	const labels = `"instance":"gateway:80","job":"gateway"`
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		for _, tt := range []struct{ name, path, body, want string }{
			{"vector", "query?query=x_total&time=946684810", "", `{"resultType":"vector","result":[{"metric":{"__name__":"x_total",` + labels + `,"kind":"a"},"value":[946684810,"1"]},` +
				`{"metric":{"__name__":"x_total",` + labels + `,"kind":"ü\""},"value":[946684810,"2.5"]}]}`},
			{"in RFC 3339", "query?query=sum(x_total)&time=2000-01-01T00:00:10.5Z", "", `{"resultType":"vector","result":[{"metric":{},"value":[946684810.5,"3.5"]}]}`},
			{"infinity", "query?query=-g&time=946684810", "", `{"resultType":"vector","result":[{"metric":{` + labels + `},"value":[946684810,"-Inf"]}]}`},
			{"scalar", "query?query=1e-9&time=946684810", "", `{"resultType":"scalar","result":[946684810,"1e-09"]}`},
			{"text", `query?query="ü"&time=946684810`, "", `{"resultType":"string","result":[946684810,"ü"]}`},
			{"nothing", "query?query=none&time=946684810", "", `{"resultType":"vector","result":[]}`},
			{"posted", "query", "query=sum(x_total)&time=946684810", `{"resultType":"vector","result":[{"metric":{},"value":[946684810,"3.5"]}]}`},
			{"range", "query_range?query=sum(x_total)&start=946684808&end=946684810&step=1", "", `{"resultType":"matrix","result":[{"metric":{},"values":[[946684808,"3.5"],[946684809,"3.5"],[946684810,"3.5"]]}]}`},
			{"range of nothing", "query_range?query=none&start=946684808&end=946684810&step=1s", "", `{"resultType":"matrix","result":[]}`},
			{"range of a scalar", "query_range", "query=2&start=946684808&end=946684809&step=1000ms", `{"resultType":"matrix","result":[{"metric":{},"values":[[946684808,"2"],[946684809,"2"]]}]}`},
			{"series", "series?match[]=x_total&match[]=g&match[]=g", "", `[{"__name__":"g",` + labels + `},{"__name__":"x_total",` + labels + `,"kind":"a"},{"__name__":"x_total",` + labels + `,"kind":"ü\""}]`},
			{"series posted", "series", "match[]=g", `[{"__name__":"g",` + labels + `}]`},
			{"series of another time", "series?match[]=g&start=1&end=2", "", `[]`},
			{"labels", "labels?match[]=x_total", "", `["__name__","instance","job","kind"]`},
			{"labels of two", "labels?match[]=x_total&match[]=x", "", `["__name__","a","instance","job","kind"]`},
			{"values", "label/kind/values", "", `["a","ü\""]`},
			{"values of some", `label/__name__/values?match[]={kind="a"}`, "", `["x_total"]`},
			{"values of nothing", "label/none/values", "", `[]`},
			{"metadata", "metadata?metric=x_total", "", `{"x_total":[{"type":"counter","help":"How \"often\".","unit":""}]}`},
			{"metadata of nothing", "metadata?metric=none", "", `{}`},
			{"no exemplars", "query_exemplars?query=x_total", "", `[]`},
			{"alerts", "alerts", "", `{"alerts":[{"labels":{"alertname":"Hot","job":"gateway","severity":"cause"},"annotations":{"summary":"gateway is at 7"},"state":"firing","activeAt":"TIME","value":"7e+00"}]}`},
			{"configuration", "status/config", "", `{"yaml":"global:\n  scrape_interval: 1s\n  scrape_timeout: 900ms\n  evaluation_interval: 1s\n"}`},
		} {
			status, answer := ask(t, l.Store, "/api/v1/"+escape(tt.path), tt.body)
			want := `{"status":"success","data":` + tt.want + `}`
			if status != http.StatusOK || withoutTimes(answer) != want {
				t.Errorf("%s: %d\n%s\nwant\n%s", tt.name, status, answer, want)
			}
		}
	})
}

// escape makes a path of one that can be read.
func escape(path string) string {
	path, query, _ := strings.Cut(path, "?")
	return path + "?" + strings.NewReplacer(`"`, "%22", " ", "%20", "{", "%7B", "}", "%7D", "+", "%2B", "ü", "%C3%BC").Replace(query)
}

// withoutTimes leaves out when an alert began: that depends on when its group is evaluated.
func withoutTimes(answer string) string {
	before, after, found := strings.Cut(answer, `"activeAt":"`)
	if _, rest, ok := strings.Cut(after, `"`); found && ok {
		return before + `"activeAt":"TIME"` + rest
	}
	return answer
}

func TestQuestionsThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		long := strings.Repeat("1%2B", 9000) + "1"
		for _, tt := range []struct {
			path, body string
			status     int
			kind, want string
		}{
			{"query", "", 400, "bad_data", `invalid parameter "query": unknown position: parse error: no expression found in input`},
			{"query?query=rate(x)", "", 400, "bad_data", `invalid parameter "query": 1:6: parse error: expected type range vector in call to function "rate", got instant vector`},
			{"query?query=x&time=noon", "", 400, "bad_data", `invalid parameter "time": invalid time value for 'time': cannot parse "noon" to a valid timestamp`},
			{"query?query=x&timeout=0", "", 400, "bad_data", `invalid parameter "timeout": timeout must be positive, got 0s`},
			{"query?query=x&limit=-1", "", 400, "bad_data", `invalid parameter "limit": limit must be non-negative`},
			{"query?query=x&limit=some", "", 400, "bad_data", `invalid parameter "limit": strconv.Atoi: parsing "some": invalid syntax`},
			{"metadata?limit_per_metric=-1", "", 400, "bad_data", `invalid parameter "limit_per_metric": limit_per_metric must be non-negative`},
			{"query?query=" + long, "", 400, "bad_data", `invalid parameter "query": the expression is longer than 16384 bytes`},
			{"query?query=x_total%20*%20on()%20x_total", "", 422, "execution", "found duplicate series for the match group"},
			{"query?query=sum_over_time(vector(1)[5000001ms:1ms])", "", 422, "execution", "too many samples"},
			{"query_range?query=x&end=1&step=1", "", 400, "bad_data", `invalid parameter "start": cannot parse "" to a valid timestamp`},
			{"query_range?query=x&start=2&end=1&step=1", "", 400, "bad_data", `invalid parameter "end": end timestamp must not be before start time`},
			{"query_range?query=x&start=1&end=1&step=0", "", 400, "bad_data", `invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer`},
			{"query_range?query=x&start=1&end=1&step=1us", "", 400, "bad_data", `invalid parameter "step": cannot parse "1us" to a valid duration`},
			{"query_range?query=x&start=1&end=1&step=0.0001", "", 400, "bad_data", `invalid parameter "step": 100µs is less than a millisecond`},
			{"query_range?query=x&start=0&end=11001&step=1", "", 400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"},
			{"query_range?query=x[1m]&start=0&end=1&step=1", "", 400, "bad_data", `invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector`},
			{"series", "", 400, "bad_data", "no match[] parameter provided"},
			{"series?match[]={}", "", 400, "bad_data", `invalid parameter "match[]"`},
			{"series?match[]=" + strings.Repeat("x&match[]=", 64) + "x", "", 400, "bad_data", `invalid parameter "match[]": 65 selectors are more than 64`},
			{"labels?start=2&end=1", "", 400, "bad_data", "end timestamp must not be before start timestamp"},
			{"label/%FF/values", "", 400, "bad_data", "invalid label name"},
			{"rules?type=other", "", 400, "bad_data", `invalid parameter "type": not supported value "other"`},
			{"rules?exclude_alerts=some", "", 400, "bad_data", `invalid parameter "exclude_alerts": must be a boolean`},
			{"query_exemplars?query=x(", "", 400, "bad_data", "parse error"},
			{"query", "query=" + strings.Repeat("x", 256<<10), 400, "bad_data", "error parsing form values: http: request body too large"},
		} {
			status, answer := ask(t, l.Store, "/api/v1/"+tt.path, tt.body)
			var got envelope
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Errorf("%.100s: %v: %s", tt.path, err, answer)
				continue
			}
			if status != tt.status || got.Status != "error" || got.ErrorType != tt.kind || !strings.Contains(got.Error, tt.want) {
				t.Errorf("%.100s: %d %s %s: %s; want %d %s: %s", tt.path, status, got.Status, got.ErrorType, got.Error, tt.status, tt.kind, tt.want)
			}
		}
		for _, tt := range []struct {
			path, body string
			want       int
		}{{"/api/v1/nothing", "", 404}, {"/api/v1/targets", "a=b", 405}, {"/", "", 404}, {"/-/ready", "", 200}, {"/-/healthy", "", 200}} {
			if status, _ := ask(t, l.Store, tt.path, tt.body); status != tt.want {
				t.Errorf("%s: status %d, want %d", tt.path, status, tt.want)
			}
		}
	})
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	store, err := metricstore.Open(metricstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, answer := ask(t, store, "/api/v1/query?query=1", ""); status != 503 || !strings.Contains(answer, `"errorType":"unavailable"`) {
		t.Errorf("%d: %s", status, answer)
	}
}

func TestAQueryThatIsLate(t *testing.T) {
	l := open(t)
	for range 10 { // it is late when it waits, or when it runs
		status, answer := ask(t, l.Store, "/api/v1/query?query=count_over_time(vector(1)[1000000ms:1ms])&timeout=0.000000001", "")
		if status != 503 || !strings.Contains(answer, `"errorType":"timeout","error":"query timed out in`) {
			t.Fatalf("%d: %s", status, answer)
		}
	}
}

func TestWhatIsLeftOutIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		for path, want := range map[string]string{
			"query?query=x_total&limit=1":                                            `[{"metric":{"__name__":"x_total","instance":"gateway:80","job":"gateway","kind":"a"}`,
			"query_range?query=x_total&start=946684810&end=946684810&step=1&limit=1": `"kind":"a"`,
			"labels?limit=1":                 `["__name__"]`,
			"label/kind/values?limit=1":      `["a"]`,
			"series?match[]=x_total&limit=1": `[{"__name__":"x_total","instance":"gateway:80","job":"gateway","kind":"a"}]`,
		} {
			_, answer := ask(t, l.Store, "/api/v1/"+path, "")
			if !strings.Contains(answer, want) || strings.Contains(answer, "ü") || !strings.HasSuffix(answer, `,"warnings":["results truncated due to limit"]}`) {
				t.Errorf("%s: %s", path, answer)
			}
		}
	})
}

// Targets may tell different things of a metric.
func TestMetadataOfSeveralTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		for _, name := range []string{"a", "b", "c"} {
			l.serve(t, name+":80", text("# TYPE y gauge\ny 1\n# HELP x Of "+name+".\n# TYPE x gauge\nx 1\n"))
		}
		l.set(target("a"), target("b"), target("c"))
		time.Sleep(3 * time.Second)
		of := func(name string) string { return `{"type":"gauge","help":"Of ` + name + `.","unit":""}` }
		for path, want := range map[string]string{
			"metadata?metric=x":                            `{"x":[` + of("a") + `,` + of("b") + `,` + of("c") + `]}`,
			"metadata?metric=x&limit_per_metric=2":         `{"x":[` + of("a") + `,` + of("b") + `]}`,
			"metadata?metric=x&limit_per_metric=0&limit=9": `{"x":[` + of("a") + `,` + of("b") + `,` + of("c") + `]}`,
			"metadata?limit_per_metric=1&limit=1":          `{"x":[` + of("a") + `]}`,
			"metadata?metric=y":                            `{"y":[{"type":"gauge","help":"","unit":""}]}`,
		} {
			if _, answer := ask(t, l.Store, "/api/v1/"+path, ""); answer != `{"status":"success","data":`+want+`}` {
				t.Errorf("%s: %s, want %s", path, answer, want)
			}
		}
	})
}

// The engine's own remarks on an expression are told.
func TestInfosAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		_, answer := ask(t, l.Store, "/api/v1/query?query=rate(x[5s])", "")
		var got envelope
		if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Infos) != 1 || !strings.Contains(got.Infos[0], "might not be a counter") {
			t.Errorf("%v: %s", err, answer)
		}
	})
}

func TestRulesAreTold(t *testing.T) {
	type rule struct {
		Name, Type, State, Health, Query string
		Duration                         float64
		Alerts                           []struct{ State string }
		Labels                           map[string]string
	}
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		for _, tt := range []struct{ path, want string }{
			{"rules", "[heat rules.yaml 1 [job:x:sum recording  ok 0 0] [Hot alerting firing ok 3 1]]"},
			{"rules?type=record", "[heat rules.yaml 1 [job:x:sum recording  ok 0 0]]"},
			{"rules?type=alert&exclude_alerts=true", "[heat rules.yaml 1 [Hot alerting firing ok 3 0]]"},
			{"rules?rule_name[]=Hot&rule_group[]=heat&file[]=rules.yaml", "[heat rules.yaml 1 [Hot alerting firing ok 3 1]]"},
			{"rules?rule_name[]=Cold", ""},
			{"rules?rule_group[]=cold", ""},
			{"rules?file[]=other.yaml", ""},
			{"rules?match[]=" + url.QueryEscape(`{severity="cause"}`), "[heat rules.yaml 1 [Hot alerting firing ok 3 1]]"},
		} {
			_, answer := ask(t, l.Store, "/api/v1/"+tt.path, "")
			var got struct {
				Data struct {
					Groups []struct {
						Name, File string
						Interval   float64
						Rules      []rule
					}
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, g := range got.Data.Groups {
				fmt.Fprintf(&b, "[%s %s %v", g.Name, g.File, g.Interval)
				for _, r := range g.Rules {
					fmt.Fprintf(&b, " [%s %s %s %s %v %d]", r.Name, r.Type, r.State, r.Health, r.Duration, len(r.Alerts))
				}
				b.WriteString("]")
			}
			if b.String() != tt.want {
				t.Errorf("%s: %s, want %s\n%s", tt.path, b.String(), tt.want, answer)
			}
		}
	})
}

func TestTargetsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		l.set(target("gateway"), target("away"))
		time.Sleep(3 * time.Second)
		for path, want := range map[string]string{
			"targets": "[away down gateway up]", "targets?scrapePool=gateway": "[gateway up]", "targets?state=dropped": "[]",
		} {
			_, answer := ask(t, l.Store, "/api/v1/"+path, "")
			var got struct {
				Data struct {
					ActiveTargets []struct {
						Labels                                                                  map[string]string
						ScrapePool, ScrapeURL, Health, LastError, ScrapeInterval, ScrapeTimeout string
						LastScrape                                                              time.Time
					}
					DroppedTargets []any
				}
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Data.DroppedTargets == nil {
				t.Fatal(err, answer)
			}
			told := []string{}
			for _, a := range got.Data.ActiveTargets {
				told = append(told, a.ScrapePool, a.Health)
				if a.Labels["job"] != a.ScrapePool || a.ScrapeURL != "http://"+a.ScrapePool+":80/metrics" || a.ScrapeInterval != "1s" || a.LastScrape.IsZero() || (a.LastError == "") != (a.Health == "up") {
					t.Errorf("%+v", a)
				}
			}
			if fmt.Sprint(told) != want {
				t.Errorf("%s: %v, want %s", path, told, want)
			}
		}
	})
}

func TestTheVersionOfTheEngine(t *testing.T) {
	store, err := metricstore.Open(metricstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	_, answer := ask(t, store, "/api/v1/status/buildinfo", "")
	var got struct {
		Data struct{ Version, GoVersion string }
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Data.GoVersion != strings.TrimPrefix(runtime.Version(), "go") {
		t.Errorf("%v: %s", err, answer)
	}
	if v := got.Data.Version; v != "unknown" && !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(v) { // a test's binary has none
		t.Errorf("the version is %q", v)
	}
}

func TestTheVersionOfTheServerThatHasTheEngine(t *testing.T) {
	for module, want := range map[string]string{
		"v0.305.1": "3.5.1", "v0.316.0": "3.16.0", "v0.400.2": "4.0.2", "v0.316.0-rc.1": "3.16.0-rc.1",
		"v2.5.0": "unknown", "v0.main.0": "unknown", "v0.316": "unknown", "(devel)": "unknown", "": "unknown",
	} {
		if got := metricstore.ServerVersion(module); got != want {
			t.Errorf("of module %q: %s, want %s", module, got, want)
		}
	}
}

// A target that shows OpenMetrics has its exemplars kept, if the store is to have any.
func TestExemplars(t *testing.T) {
	shown := func(accept *string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			*accept = r.Header.Get("Accept")
			if !strings.Contains(*accept, "openmetrics") {
				text("d_bucket{le=\"1\"} 3\n").ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
			_, _ = fmt.Fprintf(w, "# TYPE d histogram\nd_bucket{le=\"1.0\"} 3 # {trace_id=\"abc\"} 0.5 %d.5\nd_bucket{le=\"+Inf\"} 3\n# EOF\n", start+1)
		})
	}
	for _, tt := range []struct {
		exemplars int
		want      string
	}{
		{0, `[]`},
		{10, `[{"seriesLabels":{"__name__":"d_bucket","instance":"gateway:80","job":"gateway","le":"1.0"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"0.5","timestamp":946684801.5}]}]`},
	} {
		synctest.Test(t, func(t *testing.T) {
			var accept string
			l := open(t, func(c *metricstore.Config) { c.Exemplars = tt.exemplars })
			l.serve(t, "gateway:80", shown(&accept))
			l.set(target("gateway"))
			time.Sleep(5 * time.Second)
			l.expect(`d_bucket{le=~"1|1.0"}`, 3)
			_, answer := ask(t, l.Store, "/api/v1/query_exemplars?query=rate(d_bucket[1m])", "")
			if want := `{"status":"success","data":` + tt.want + `}`; answer != want {
				t.Errorf("%d exemplars: %s, want %s", tt.exemplars, answer, want)
			}
		})
	}
}

// A reluctant client takes nothing of an answer until it may.
type reluctant struct {
	*httptest.ResponseRecorder
	may chan struct{}
}

func (r reluctant) Write(p []byte) (int, error) {
	<-r.may
	return r.ResponseRecorder.Write(p)
}

// Whatever is asked of the database waits while four others are answered.
func TestQuestionsWaitForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		may := make(chan struct{})
		for range 4 {
			w := reluctant{httptest.NewRecorder(), may}
			go l.Store.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/query?query=1", http.NoBody))
		}
		synctest.Wait()
		for _, path := range []string{
			"query?query=1", "query_range?query=1&start=1&end=1&step=1", "query_exemplars?query=x", "series?match[]=x", "labels", "label/kind/values",
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			w := httptest.NewRecorder()
			l.Store.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/"+path, http.NoBody))
			cancel()
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"errorType":"timeout"`) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		close(may)
		synctest.Wait()
		if status, answer := ask(t, l.Store, "/api/v1/query_exemplars?query=x", ""); status != http.StatusOK {
			t.Errorf("once there are slots: %d %s", status, answer)
		}
	})
}

// A long answer comes in pieces, and is whole.
func TestALongAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open2000(t)
		_, answer := ask(t, l.Store, "/api/v1/query_range?query=vector(1)&start=0&end=10999&step=1", "")
		var got struct {
			Data struct{ Result []struct{ Values [][2]any } }
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Data.Result) != 1 || len(got.Data.Result[0].Values) != 11_000 {
			t.Fatalf("%v: %.300s", err, answer)
		}
		if last := got.Data.Result[0].Values[10_999]; !reflect.DeepEqual(last, [2]any{10999.0, "1"}) {
			t.Errorf("the last point is %v", last)
		}
	})
}
