//go:build !unix

package fault

// fdExhaust needs descriptors that are counted and bounded.
func fdExhaust(Host) Kind {
	return Kind{
		Name:    "fd.exhaust",
		Summary: "Takes the file descriptors of the process: no connection can be opened.",
		Missing: "this system does not bound file descriptors",
	}
}
