package fleet

import (
	"crypto/rand"
	"testing"
	"time"

	"brownout/internal/redistest"
)

// A load may be closed just when an agent says hello. Then either nobody has that hello, or it was heard, and will be answered.
func TestAHelloIsHeardOrTakenBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		m, err := Meet(t.Context(), Place{Address: s.Addr, Version: "brownout 1"})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for what, open := range map[string]string{"closed": "", "another is open": "OTHER brownout 1", "open": "LOAD brownout 1"} {
			if err := m.client.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			if err := m.client.Set(t.Context(), openKey, open, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			if open == "" {
				m.client.Del(t.Context(), openKey)
			}
			heard, err := m.greet(t.Context(), "LOAD", hello{ID: rand.Text(), Name: "host"})
			if want := what == "open"; err != nil || heard != want {
				t.Errorf("%s: heard %v, %v", what, heard, err)
			}
			waiting, err := m.client.LLen(t.Context(), joinedKey("LOAD")).Result()
			if err != nil || (waiting == 1) != heard {
				t.Errorf("%s: %d wait, %v", what, waiting, err)
			}
		}
	})
}
