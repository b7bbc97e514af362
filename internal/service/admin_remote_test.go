package service

import "testing"

// Internal, for a test cannot connect from any other network.
func TestAdminAdmits(t *testing.T) {
	for _, tt := range []struct {
		remote        string
		here, private bool // whether it is admitted by default, and with Private
	}{
		{"127.0.0.1:1", true, true},
		{"127.9.9.9:1", true, true},
		{"[::1]:1", true, true},
		{"[::ffff:127.0.0.1]:1", true, true},
		{"10.1.2.3:1", false, true},
		{"172.16.0.1:1", false, true},
		{"172.32.0.1:1", false, false},
		{"192.168.1.1:1", false, true},
		{"[::ffff:192.168.1.1]:1", false, true},
		{"169.254.1.1:1", false, true},
		{"[fe80::1%eth0]:1", false, true},
		{"[fd00::1]:1", false, true},
		{"8.8.8.8:1", false, false},
		{"[2001:db8::1]:1", false, false},
		{"0.0.0.0:1", false, false},
		{"localhost:1", false, false},
		{"127.0.0.1", false, false},
		{"", false, false},
	} {
		here, private := (&Admin{}).admits(tt.remote), (&Admin{config: AdminConfig{Private: true}}).admits(tt.remote)
		if here != tt.here || private != tt.private {
			t.Errorf("%q: %v, and with Private %v; want %v and %v", tt.remote, here, private, tt.here, tt.private)
		}
	}
}
