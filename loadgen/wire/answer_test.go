package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// A reading is what is read of some bytes, in whatever pieces they come.
type reading struct {
	status   int
	size     int64
	body     string
	whole    bool
	persists bool
	rest     int // bytes that came behind the answer
	failed   error
}

// read feeds an answer with pieces.
func read(a *answer, ofHead bool, pieces ...[]byte) reading {
	a.begin(ofHead)
	rest, failed := 0, error(nil)
	for _, p := range pieces {
		used := 0
		if failed == nil {
			used, failed = a.feed(p)
		}
		rest += len(p) - used
	}
	if failed != nil {
		return reading{failed: failed}
	}
	return reading{a.status, a.size, string(a.body), a.whole(), a.persists(), rest, nil}
}

// bytewise is one piece for each byte, or of some more if there are very many.
func bytewise(text []byte) [][]byte {
	return slices.Collect(slices.Chunk(text, 1+len(text)/100_000))
}

func TestAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name, text string
		want       reading
	}{
		{"a length", ok + "Content-Length: 5\r\n\r\nhello", reading{200, 5, "", true, true, 0, nil}},
		{"no body", ok + "Content-Length: 0\r\n\r\n", reading{200, 0, "", true, true, 0, nil}},
		{"more to come", ok + "Content-Length: 5\r\n\r\nhell", reading{200, 4, "", false, true, 0, nil}},
		{"more than asked for", ok + "Content-Length: 5\r\n\r\nhelloHTTP", reading{200, 5, "", true, true, 4, nil}},
		{"letters of any case", ok + "CONTENT-length:\t5 \r\n\r\nhello", reading{200, 5, "", true, true, 0, nil}},
		{"a length twice", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", reading{200, 5, "", true, true, 0, nil}},
		{"other fields", ok + "X-Y!: \x80\r\nEmpty:\r\nContent-Length: 1\r\n\r\n.", reading{200, 1, "", true, true, 0, nil}},
		{"no reason", "HTTP/1.1 201\r\nContent-Length: 0\r\n\r\n", reading{201, 0, "", true, true, 0, nil}},
		{"lines without a carriage return", "HTTP/1.1 200 OK\nContent-Length: 1\n\n.", reading{200, 1, "", true, true, 0, nil}},
		{"a problem", "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}", reading{404, 2, "{}", true, true, 0, nil}},
		{"closes", ok + "Connection: x, Close\r\nContent-Length: 0\r\n\r\n", reading{200, 0, "", true, false, 0, nil}},
		{"1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", reading{200, 0, "", true, false, 0, nil}},
		{"1.0 persists", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", reading{200, 0, "", true, true, 0, nil}},
		{"to the end", ok + "\r\nhello", reading{200, 5, "", false, false, 0, nil}},
		{"no content", "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", reading{204, 0, "", true, true, 0, nil}},
		{"not modified", "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", reading{304, 0, "", true, true, 0, nil}},
		{"passed over", "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 103 Hints\r\nContent-Length: 7\r\n\r\n" + ok + "Content-Length: 1\r\n\r\n.", reading{200, 1, "", true, true, 0, nil}},

		{"chunks", ok + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0A ; x=y\r\n0123456789\r\n0\r\n\r\n", reading{200, 15, "", true, true, 0, nil}},
		{"a problem in chunks", "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", reading{500, 2, "{}", true, true, 0, nil}},
		{"a trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 7\r\n\r\n..", reading{200, 0, "", true, true, 2, nil}},
		{"many small chunks", ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n.\r\n", 20_000) + "0\r\n\r\n", reading{200, 20_000, "", true, true, 0, nil}},
		{"chunks to come", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", reading{200, 5, "", false, true, 0, nil}},

		{"another protocol", "SSH-2.0-OpenSSH_10.0\r\n", reading{failed: badStatus}},
		{"another version", "HTTP/2.0 200 OK\r\n", reading{failed: badStatus}},
		{"no version", "HTTP/1.2 200 OK\r\n", reading{failed: badStatus}},
		{"short", "HTTP/1.1 20\r\n", reading{failed: badStatus}},
		{"long status", "HTTP/1.1 2000\r\n", reading{failed: badStatus}},
		{"no status", "HTTP/1.1 0x0 OK\r\n", reading{failed: badStatus}},
		{"status 99", "HTTP/1.1 099 OK\r\n", reading{failed: badStatus}},
		{"an empty line", "\r\n" + ok, reading{failed: badStatus}},
		{"switches", "HTTP/1.1 101 Switching\r\n\r\n", reading{failed: badStatus}},
		{"no colon", ok + "Content-Length\r\n", reading{failed: badField}},
		{"no name", ok + ": 5\r\n", reading{failed: badField}},
		{"a space before the colon", ok + "Content-Length : 5\r\n", reading{failed: badField}},
		{"a folded line", ok + "X: y\r\n Content-Length: 5\r\n", reading{failed: badField}},
		{"a carriage return in a line", ok + "X: y\rContent-Length: 5\r\n", reading{failed: badField}},
		{"a bad trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\noops\r\n\r\n", reading{failed: badField}},
		{"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", reading{failed: badLength}},
		{"a list of lengths", ok + "Content-Length: 5, 5\r\n\r\n", reading{failed: badLength}},
		{"a signed length", ok + "Content-Length: +5\r\n\r\n", reading{failed: badLength}},
		{"an empty length", ok + "Content-Length:\r\n\r\n", reading{failed: badLength}},
		{"a length and chunks", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", reading{failed: badLength}},
		{"chunked twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", reading{failed: badLength}},
		{"another coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", reading{failed: badLength}},
		{"chunks of 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", reading{failed: badLength}},
		{"no size of a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", reading{failed: badChunk}},
		{"a bad size of a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n5 5\r\n", reading{failed: badChunk}},
		{"a chunk that is too long", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", reading{failed: badChunk}},

		{"a large head", ok + "X: " + strings.Repeat("x", maxHead), reading{failed: tooLarge}},
		{"many heads", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHead/25+1), reading{failed: tooLarge}},
		{"a large trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X: y\r\n", maxHead/6+1), reading{failed: tooLarge}},
		{"more around chunks than in them", ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 60)+"\r\n.\r\n", maxHead/(66-chunkLines)+2), reading{failed: tooLarge}},
		{"a large length", ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody+1), reading{failed: tooLarge}},
		{"a length beyond all", ok + "Content-Length: 99999999999999999999999\r\n\r\n", reading{failed: tooLarge}},
		{"a large chunk", ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n", reading{failed: tooLarge}},
		{"a large body", ok + "\r\n" + strings.Repeat("x", maxBody+1), reading{failed: tooLarge}},
		{"chunks that are too many", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\n.\r\n" + fmt.Sprintf("%x\r\n", maxBody), reading{failed: tooLarge}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, text := new(answer), []byte(tt.text)
			if got := read(a, false, text); got != tt.want {
				t.Errorf("at once: %+v, want %+v", got, tt.want)
			}
			if got := read(a, false, bytewise(text)...); got != tt.want {
				t.Errorf("byte by byte: %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAnAnswerToHeadHasNoBody(t *testing.T) {
	const text = "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"
	if got, want := read(new(answer), true, []byte(text)), (reading{status: 200, whole: true, persists: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheEndOfAConnectionEndsWhatHasNoOtherEnd(t *testing.T) {
	for text, want := range map[string]bool{
		"HTTP/1.1 200 OK\r\n\r\n":                                        true,
		"HTTP/1.1 200 OK\r\n\r\nhello":                                   true,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello":              true,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell":               false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n":     false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": true,
		"HTTP/1.1 200 OK\r\n":                                            false,
		"":                                                               false,
		"HTTP/1.1 100 Continue\r\n\r\n":                                  false,
	} {
		a := new(answer)
		a.begin(false)
		if _, err := a.feed([]byte(text)); err != nil || a.hangUp() != want {
			t.Errorf("%q: whole %v, error %v, want %v", text, a.whole(), err, want)
		}
	}
}

func TestWhatIsKeptOfAProblemIsBounded(t *testing.T) {
	text := fmt.Sprintf("HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s", 2*maxProblem, strings.Repeat("x", 2*maxProblem))
	if got := read(new(answer), false, []byte(text)); got.size != 2*maxProblem || len(got.body) != maxProblem || !got.whole {
		t.Errorf("size %d, %d kept, whole %v", got.size, len(got.body), got.whole)
	}
}

func TestReadingAnAnswerAllocatesNothing(t *testing.T) {
	a, text := new(answer), []byte("HTTP/1.1 200 OK\r\nServer: x\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello")
	a.line = make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		a.begin(false)
		_, _ = a.feed(text[:30])
		_, _ = a.feed(text[30:])
	}); n != 0 || !a.whole() {
		t.Errorf("%v allocations, whole %v", n, a.whole())
	}
}

// An answer is the same in whatever pieces it comes, and its memory is bounded.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nConnection: keep-alive, x\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\nrest",
	} {
		f.Add([]byte(text), uint(7), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut uint, ofHead bool) {
		a := new(answer)
		want := read(a, ofHead, text)
		if len(a.line) > maxHead || len(a.body) > maxProblem || a.size > maxBody && want.failed == nil {
			t.Errorf("keeps %d bytes of a line, %d of a body of %d", len(a.line), len(a.body), a.size)
		}
		at := int(cut % uint(len(text)+1))
		for _, pieces := range [][][]byte{{text[:at], text[at:]}, bytewise(text)} {
			if got := read(a, ofHead, pieces...); got != want {
				t.Errorf("%+v in pieces, %+v at once", got, want)
			}
		}
	})
}

// What net/http also takes for an answer, it reads the same.
func FuzzAnswerOfOthers(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.0 404 No\r\nConnection: keep-alive, x\r\n\r\n{}",
		"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\nrest",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
		"HTTP/1.1 204 No\r\n\r\n",
	} {
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, ofHead bool) {
		a := new(answer)
		a.begin(ofHead)
		used, err := a.feed(text)
		ends := a.phase == atClose
		if err != nil || !a.hangUp() || text[len("HTTP/1.1 ")] == '1' { // net/http takes a 1xx for the answer
			return
		}
		method := http.MethodGet
		if ofHead {
			method = http.MethodHead
		}
		in := bytes.NewReader(text)
		buffered := bufio.NewReaderSize(in, 16)
		other, err := http.ReadResponse(buffered, &http.Request{Method: method})
		if err != nil {
			return
		}
		body, err := io.ReadAll(other.Body)
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(buffered)
		if other.StatusCode != a.status || int64(len(body)) != a.size || len(text)-len(rest) != used || !ends && other.Close == a.persists() {
			t.Errorf("status %d, %d bytes, %d used, persists %v; net/http: status %d, %d bytes, %d used, closes %v",
				a.status, a.size, used, a.persists(), other.StatusCode, len(body), len(text)-len(rest), other.Close)
		}
		if got := string(a.body); (a.status < 200 || a.status > 299) && got != string(body[:min(len(body), maxProblem)]) {
			t.Errorf("body %q, net/http: %q", got, body)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	a := new(answer)
	text := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nDate: Thu, 26 Nov 2026 20:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	b.ReportAllocs()
	for b.Loop() {
		a.begin(false)
		if _, err := a.feed(text); err != nil || !a.whole() {
			b.Fatalf("error %v, whole %v", err, a.whole())
		}
	}
}
