// Package turn is what the process of a benchmark and the one that measures it say to each other, over two pipes: an
// order gives the benchmark a turn of so many iterations, a report says what the turn took. Whoever is not in turn
// waits, so that two processes which are measured side by side never run at once, and what disturbs the machine
// disturbs both alike.
package turn

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// Env is the variable that tells a benchmark that it is to take turns. Its value is Version.
const Env = "BROWNOUT_TURNS"

// Version is that of the messages. A process that speaks another one is not understood, and says so.
const Version = "1"

// The files that the benchmark's process has its pipes as.
const (
	OrdersFile  = 3 // it reads orders from this one
	ReportsFile = 4 // and writes reports to that one
)

// A Kind says what is wanted of a turn.
type Kind uint64

// The kinds.
const (
	End    Kind = iota // there are no more turns
	Time               // the time is wanted
	Memory             // allocations are wanted, and time does not count
)

// An Order is a turn that is given.
type Order struct {
	Kind Kind
	N    int // iterations, at least 1
}

// A Report is a turn that was taken. The first report of a process has nothing in it: it says that the benchmark is ready.
type Report struct {
	CPU     time.Duration // of the whole process, in the turn
	Wall    time.Duration
	Mallocs uint64 // after an order of memory
	Bytes   uint64 // that these were
	// Instructions are those of the whole process outside of the kernel; 0 where the machine does not count.
	Instructions uint64
}

const (
	orderSize  = 2 * 8
	reportSize = 6 * 8
	greeting   = 0x6272_6f77_6e6f_7574 // begins each report
)

// errStranger says that a report does not begin as reports do.
var errStranger = errors.New("the benchmark's process says something else than reports")

// A Pipe sends and receives messages. It allocates nothing after it was made, so that it can be used between
// measurements of memory. One goroutine may use it.
type Pipe struct {
	r      io.Reader
	w      io.Writer
	buffer [reportSize]byte
}

// NewPipe returns one that reads from r and writes to w.
func NewPipe(r io.Reader, w io.Writer) *Pipe { return &Pipe{r: r, w: w} }

// Give sends an order.
func (p *Pipe) Give(o Order) error {
	buffer := p.buffer[:orderSize]
	put(buffer, uint64(o.Kind), uint64(o.N))
	_, err := p.w.Write(buffer)
	return err
}

// Take waits for an order.
func (p *Pipe) Take() (o Order, err error) {
	buffer := p.buffer[:orderSize]
	if _, err := io.ReadFull(p.r, buffer); err != nil {
		return o, err
	}
	return Order{Kind(field(buffer, 0)), int(field(buffer, 1))}, nil
}

// Tell sends a report.
func (p *Pipe) Tell(r Report) error {
	buffer := p.buffer[:reportSize]
	put(buffer, greeting, uint64(r.CPU), uint64(r.Wall), r.Mallocs, r.Bytes, r.Instructions)
	_, err := p.w.Write(buffer)
	return err
}

// Hear waits for a report.
func (p *Pipe) Hear() (r Report, err error) {
	buffer := p.buffer[:reportSize]
	if _, err := io.ReadFull(p.r, buffer); err != nil {
		return r, err
	}
	if field(buffer, 0) != greeting {
		return r, errStranger
	}
	return Report{time.Duration(field(buffer, 1)), time.Duration(field(buffer, 2)), field(buffer, 3), field(buffer, 4), field(buffer, 5)}, nil
}

func put(buffer []byte, fields ...uint64) {
	for i, f := range fields {
		binary.LittleEndian.PutUint64(buffer[8*i:], f)
	}
}

func field(buffer []byte, i int) uint64 { return binary.LittleEndian.Uint64(buffer[8*i:]) }
