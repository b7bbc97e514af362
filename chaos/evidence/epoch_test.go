package evidence_test

import (
	"errors"
	"strings"
	"testing"

	"brownout/chaos/evidence"
)

const (
	head      = `{"epoch":"0001","epoch_id":"ABCDEFGH"}` + "\n"
	otherHead = `{"epoch":"0001","epoch_id":"STUVWXYZ"}` + "\n"
)

var (
	mine   = evidence.Epoch{Name: "0001", ID: "ABCDEFGH"}
	theirs = evidence.Epoch{Name: "0001", ID: "STUVWXYZ"}
)

func TestJournalOfAnEpoch(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		of         evidence.Epoch
		samples    int
	}{
		{"", "", mine, 0},
		{head, "", mine, 0},
		{head + line + line, "", mine, 2},
		{head + line, "", evidence.Epoch{}, 1},
		{strings.TrimSpace(head), "", mine, 0}, // whole, but for the line's end
		{line, "", mine, 1},                    // it may be
		{otherHead + line, "j:1: the journal is of another epoch: of 0001 (STUVWX), and the shop's is 0001 (ABCDEF)", mine, 0},
		{head + "{}\n", "j:2: outcome", mine, 0},
		{head + head, `j:2: unknown field "epoch"`, mine, 0},
		{head[:20], "j:1: the last line is torn", mine, 0},
		{head[:4], "j:1: the last line is torn", mine, 0},
		{`{"epoch":"0001"}` + "\n", "j:1: no head of a journal", mine, 0},
		{`{"epoch":1}` + "\n", "j:1: no head of a journal", mine, 0},
		{`{"epoch":"` + strings.Repeat("1", evidence.MaxLine) + `"}`, "j:1: the line is longer than the 16384 bytes allowed", mine, 0},
	} {
		samples, failed := 0, error(nil)
		for _, err := range evidence.ReadJournalOf("j", strings.NewReader(tt.text), tt.of) {
			if failed = err; err == nil {
				samples++
			}
		}
		if samples != tt.samples || (failed == nil) != (tt.want == "") || failed != nil && !strings.HasPrefix(failed.Error(), tt.want) {
			t.Errorf("%.60q of %v: %d samples, error %v, want %d and %s", tt.text, tt.of, samples, failed, tt.samples, tt.want)
		}
	}
}

func TestEpochsOfOneNameDiffer(t *testing.T) {
	for _, tt := range []struct {
		a, b   evidence.Epoch
		differ bool
	}{
		{mine, mine, false}, {mine, theirs, true}, {mine, evidence.Epoch{}, false}, {evidence.Epoch{}, mine, false},
		{mine, evidence.Epoch{Name: "0002", ID: mine.ID}, false},
	} {
		if err := tt.a.Check(tt.b); errors.Is(err, evidence.ErrOtherEpoch) != tt.differ {
			t.Errorf("%v and %v: %v", tt.a, tt.b, err)
		}
	}
}

func TestReadHead(t *testing.T) {
	for text, want := range map[string]evidence.Epoch{head + line: mine, line: {}, "": {}} {
		if got, err := evidence.ReadHead(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
