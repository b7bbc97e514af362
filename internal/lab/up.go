package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"

	"brownout/internal/shopfile"
)

// UpConfig says what Up runs.
type UpConfig struct {
	// Dir is where the shop keeps what it leaves behind.
	Dir string
	// Port is the gateway's; the other parts have those that follow. 0 means any
	// that are free.
	Port int
	// Redis is the address of a real one; "" means the embedded one.
	Redis string
	// RedisPassword opens the real one; "" means that it asks for none.
	RedisPassword string
	// Load is the rate of the background load in requests a second; 0 means none.
	Load float64
	// TraceShare is the share of its requests whose traces are kept whatever becomes of them.
	TraceShare float64
	// Links has all that parts say to each other, and to Redis, pass a process of links, which faults can
	// break.
	Links bool
	// Room has a control room run beside the shop, which keeps metrics and traces and shows them.
	Room bool
	// OTLP is the URL that the shop's own traces are sent to, with OTLP over HTTP; "" means the control room, if
	// there is one.
	OTLP string
	// Drill says that the shop is a drill's: a fault that forgets its data is a part of the incident,
	// and its epoch goes on.
	Drill bool
	// Setting is how its processes differ from the usual ones.
	Setting
	// Ready, if not nil, is called once the shop takes requests.
	Ready func(*shopfile.Shop)
	// Out is told what runs and what happens to it.
	Out io.Writer
}

// A lab is a shop that runs: one life at a time in one house.
type lab struct {
	config UpConfig
	until  context.Context // of Up
	folder *Folder
	house  *house
	load   *background
	desk   desk
	lender *lender

	home    *life // the shop's own
	current *life // the one whose processes run, if any do
	// switches are the protections of the shop's own life while it is not lived.
	switches switches
}

// Up runs a shop until ctx is done. An error says in a sentence why it could not begin.
func Up(ctx context.Context, c UpConfig) (err error) {
	l := &lab{config: c, until: ctx}
	if l.folder, err = OpenFolder(c.Dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.folder.Close()) }()
	at, err := choose(c.Port, c.Redis == "", c.Links)
	if err != nil {
		return err
	}
	defer at.close()
	if c.Room {
		if err := at.addRoom(c.Port); err != nil {
			return err
		}
	}
	if c.Load > 0 {
		if err := at.addLoad(c.Port); err != nil {
			return err
		}
	}
	l.house = newHouse(at, c.Out)
	if l.home, err = l.ownLife(); err != nil {
		return err
	}
	defer func() { l.home.close() }() // which may be another one by then
	defer l.house.supervisor.StopAll()
	return l.run()
}

// ownLife goes on with the shop's own life, or begins one.
func (l *lab) ownLife() (*life, error) {
	epoch, redis, err := l.data()
	if err != nil {
		return nil, err
	}
	own, err := newLife(l.house, epoch, redis, l.setting())
	if err != nil {
		return nil, err
	}
	if l.config.Load > 0 {
		own.shop.Journals = []string{own.journal()}
		own.shop.Load = "http://" + l.house.at.load
	}
	if !l.config.Drill {
		own.onLoss = func() { go l.lender.whenSettled(l.endEpoch) }
	}
	return own, nil
}

// setting is that of the shop's own life. Its traces go where somebody has told it to, or else to the control room, if
// there is one; those of a guest go where the guest says.
func (l *lab) setting() Setting {
	own := l.config.Setting
	if to := cmp.Or(l.config.OTLP, l.house.shop.OTLP); to != "" {
		own.Serve = append(slices.Clone(own.Serve), "--otlp="+to)
	}
	return own
}

// data starts or finds the Redis, and begins or goes on with the epoch that it has.
func (l *lab) data() (Epoch, *store, error) {
	if addr, password := l.config.Redis, l.config.RedisPassword; addr != "" {
		epoch, err := l.folder.continueWith(l.until, addr, password)
		return epoch, &store{addr: addr, password: password}, err
	}
	epoch, err := l.folder.Begin()
	if err != nil {
		return epoch, nil, err
	}
	redis, err := embed(l.house.at.service[redisPort])
	return epoch, redis, err
}

// run opens the shop, says where everything is, puts load on it, and waits for the end.
func (l *lab) run() error {
	listener, err := net.Listen("tcp", l.house.at.service[controlPort]) // the load wants to find a shop that runs
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := l.live(l.until, l.home); err != nil {
		if l.until.Err() != nil {
			return nil // was told to end before the shop was open
		}
		return err
	}
	l.describe(l.config.Out)
	if l.config.Ready != nil {
		l.config.Ready(&l.home.shop)
	}
	l.load = &background{supervisor: l.house.supervisor, until: l.until}
	if err := l.resumeLoad(); err != nil {
		return err
	}
	closeRoom, err := l.openRoom()
	if err != nil {
		return err
	}
	defer closeRoom()
	return l.serve(listener)
}

// serve answers at the control port until the end. Who has the shop then, has it until it closes.
func (l *lab) serve(listener net.Listener) (err error) {
	l.lender = newLender(l)
	control := control{l.house.shop.AdminToken, l.house.supervisor, l.load, &l.desk, l.lender}.server(l.until)
	failed := make(chan error, 1)
	go func() { failed <- serveControl(control, listener) }()
	select {
	case <-l.until.Done():
	case err = <-failed:
	}
	fmt.Fprintln(l.config.Out, "stopping")
	l.load.end()
	err = errors.Join(err, control.Close())
	l.lender.close()
	l.depart()
	return err
}

// live starts the processes of a life, and has it be found.
func (l *lab) live(ctx context.Context, it *life) error {
	if err := it.start(ctx); err != nil {
		return err
	}
	l.current = it
	l.desk.open(it.faults)
	return shopfile.Write(l.folder.ShopFile(), &it.shop)
}

// resumeLoad has the shop's own life have its load.
func (l *lab) resumeLoad() error {
	if l.config.Load <= 0 {
		return nil
	}
	log, err := l.home.log("load")
	if err != nil {
		return err
	}
	args := []string{
		"load", "--shop", l.folder.ShopFile(), "--rate", number(l.config.Load), "--duration", "24h", "--arrivals", "poisson",
		"--journal", l.home.journal(), "--append", "--metrics", l.house.at.load, "--trace-share", number(l.config.TraceShare),
	}
	if otlp := l.house.shop.OTLP; otlp != "" {
		args = append(args, "--otlp", otlp)
	}
	return l.load.come(Spec{Name: "load", Silent: true, Isolated: true, Log: log, Args: args})
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
