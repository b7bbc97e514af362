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
		if !(&Admin{config: AdminConfig{Public: true}}).admits(tt.remote) && tt.remote != "localhost:1" && tt.remote != "127.0.0.1" && tt.remote != "" {
			t.Errorf("%q is not admitted with Public", tt.remote)
		}
		here, private := (&Admin{}).admits(tt.remote), (&Admin{config: AdminConfig{Private: true}}).admits(tt.remote)
		if here != tt.here || private != tt.private {
			t.Errorf("%q: %v, and with Private %v; want %v and %v", tt.remote, here, private, tt.here, tt.private)
		}
	}
}

// What others reach is listened at only if that was asked for.
func TestAdminAddr(t *testing.T) {
	for _, tt := range []struct {
		addr                  string
		here, private, public bool // whether it is taken by default, with Private, with Public
	}{
		{"127.0.0.1:0", true, true, true},
		{"[::1]:0", true, true, true},
		{"localhost:0", true, true, true},
		{":0", false, true, true},
		{"0.0.0.0:0", false, true, true},
		{"[::]:0", false, true, true},
		{"10.1.2.3:0", false, true, true},
		{"192.168.1.1:0", false, true, true},
		{"[fd00::1]:0", false, true, true},
		{"8.8.8.8:0", false, false, true},
		{"[::ffff:8.8.8.8]:0", false, false, true},
		{"[2001:db8::1]:0", false, false, true},
		{"127.0.0.1", false, false, false},
		{"", false, true, true},
	} {
		here := (&AdminConfig{Addr: tt.addr}).checkAddr()
		private := (&AdminConfig{Addr: tt.addr, Private: true}).checkAddr()
		public := (&AdminConfig{Addr: tt.addr, Public: true}).checkAddr()
		if (here == nil) != tt.here || (private == nil) != tt.private || (public == nil) != tt.public {
			t.Errorf("%q: %v, with Private %v, with Public %v", tt.addr, here, private, public)
		}
	}
}
