package lab

import (
	"slices"
	"testing"

	"brownout/internal/shopfile"
)

// Traces go where somebody wants them; the control room's own address is the default.
func TestWhereTracesGo(t *testing.T) {
	const told, room = "http://jaeger:4318", "http://127.0.0.1:4318"
	for _, tt := range []struct {
		told, room string
		want       []string
	}{
		{"", "", []string{"--trace=1"}},
		{"", room, []string{"--trace=1", "--otlp=" + room}},
		{told, "", []string{"--trace=1", "--otlp=" + told}},
		{told, room, []string{"--trace=1", "--otlp=" + told}},
	} {
		l := &lab{
			config: UpConfig{OTLP: tt.told, Setting: Setting{Serve: []string{"--trace=1"}}},
			house:  &house{shop: shopfile.Shop{OTLP: tt.room}},
		}
		if got := l.setting().Serve; !slices.Equal(got, tt.want) {
			t.Errorf("told %q, with a room at %q: %q, want %q", tt.told, tt.room, got, tt.want)
		}
	}
}
