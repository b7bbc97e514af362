package fault

// Processes are those of a supervisor, which keeps their time: a process that is paused cannot
// wake itself. Any goroutine may call the methods. An error says that there is no such process,
// or that it does not run.
type Processes interface {
	// Kill ends a process as kill -9 does; its supervisor starts it again.
	Kill(name string) error
	// Pause stops a process, until resume is called.
	Pause(name string) (resume func(), err error)
}

func processParam() Param {
	return Param{Name: "process", Help: "which process: gateway, payments, inventory, bank-a, bank-b", Type: Text}
}
