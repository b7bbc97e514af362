package lab_test

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// startProgram starts a program that is killed at the end of the test, and returns what it
// says on its standard output.
func startProgram(t *testing.T, env []string, path string, arguments ...string) (*os.Process, io.Reader) {
	t.Helper()
	command := exec.Command(path, arguments...)
	command.Env = append(os.Environ(), env...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may be dead already
		_ = command.Wait()
	})
	return command.Process, out
}
