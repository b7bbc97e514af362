package lab

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
)

func TestEachPartIsToldItsSecretsOnly(t *testing.T) {
	l := &life{signing: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), redis: &store{password: "secret"}}
	for _, tt := range []struct {
		part int
		want []string
	}{
		{gatewayPort, []string{EnvAdminToken, EnvSigningKey, EnvServiceToken, EnvRedisPassword}},
		{paymentsPort, []string{EnvAdminToken, EnvServiceToken, EnvRedisPassword}},
		{inventoryPort, []string{EnvAdminToken, EnvServiceToken, EnvRedisPassword}},
		{bankAPort, []string{EnvAdminToken}},
		{bankBPort, []string{EnvAdminToken}},
	} {
		if got := names(l.env(tt.part)); !slices.Equal(got, tt.want) {
			t.Errorf("%s is told %v, want %v", partNames[tt.part], got, tt.want)
		}
	}
	l.redis.password = ""
	if got := names(l.env(inventoryPort)); slices.Contains(got, EnvRedisPassword) {
		t.Errorf("with a Redis that asks for no password a part is told %v", got)
	}
}

// names returns the names of environment variables.
func names(env []string) []string {
	var all []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		all = append(all, name)
	}
	return all
}

func TestAnIsolatedChildSeesNoSettingsOfTheCaller(t *testing.T) {
	t.Setenv("BROWNOUT_OFF", "breaker")
	t.Setenv("OTHER", "1")
	for _, isolated := range []bool{true, false} {
		got := names(Spec{Isolated: isolated, Env: []string{"BROWNOUT_X=1"}}.environment())
		if slices.Contains(got, "BROWNOUT_OFF") == isolated {
			t.Errorf("isolated: %v, and it sees %v", isolated, got)
		}
		for _, want := range []string{"OTHER", "BROWNOUT_X", Supervised} {
			if !slices.Contains(got, want) {
				t.Errorf("isolated: %v, and it does not see %s", isolated, want)
			}
		}
	}
}
