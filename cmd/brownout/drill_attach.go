package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"brownout/chaos/drill"
	"brownout/internal/lab"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// attachFlags say in whose shop drills are played.
type attachFlags struct {
	Attach bool   `help:"Play in the running shop, at its very ports, instead of in a shop of the drill's own: what watches that shop sees the incident. Its data and its load rest meanwhile."`
	Shop   string `default:".brownout/shop.json" placeholder:"FILE" help:"The file of the running shop, for --attach (default ${default})."`
}

// An opener opens the shop of an arm of a drill.
type opener func(context.Context, drill.ShopConfig) (*drill.OpenShop, error)

// opener returns what opens the shops of a drill.
func (f *attachFlags) opener(p *drill.Plan) (opener, error) {
	if !f.Attach {
		return openShop, nil
	}
	found, err := findShop(f.Shop)
	if err != nil {
		return nil, inputError{err}
	}
	return func(ctx context.Context, c drill.ShopConfig) (*drill.OpenShop, error) {
		return borrowShop(ctx, found, p.Name, c)
	}, nil
}

// checkAttach returns what keeps drills from being played in the running shop.
func (f *attachFlags) checkAttach(scripts []script) error {
	if !f.Attach {
		return nil
	}
	found, err := findShop(f.Shop)
	if err != nil {
		return inputError{err}
	}
	if found.Control == "" && len(found.Supervisors) == 0 {
		return inputError{fmt.Errorf("%s: neither /control nor /supervisors: only a shop of `brownout up` or of docker compose can be attached to", f.Shop)}
	}
	for _, d := range scripts {
		if d.plan.Shop.Links && found.Admin["links"] == "" {
			return inputError{fmt.Errorf("%s breaks network links, and the running shop has none: start it with `brownout up --links`", d.plan.Name)}
		}
	}
	return checkRuns(context.Background(), f.Shop, found)
}

// borrowShop borrows a running shop for an arm.
func borrowShop(ctx context.Context, found *shopfile.Shop, name string, c drill.ShopConfig) (*drill.OpenShop, error) {
	borrowed, err := lab.Borrow(ctx, found, lab.Terms{By: "drill " + name, Links: c.Shop.Links, Setting: shopSetting(c)})
	if e, refused := errors.AsType[*shop.Error](err); refused {
		return nil, errors.New(placed(e))
	}
	if err != nil {
		return nil, err
	}
	var processes []int
	if borrowed.PID != 0 {
		processes = []int{os.Getpid(), borrowed.PID}
	}
	return &drill.OpenShop{File: &borrowed.Shop, Processes: processes, Lost: borrowed.Lost, Close: func() error {
		return errors.Join(borrowed.Return(), keepLogs(borrowed.Folder, c.Dir))
	}}, nil
}

// keepLogs copies the logs of a borrowed shop to where those of the drill's own shops are. Containers keep theirs.
func keepLogs(from, to string) error {
	if from == "" {
		return nil
	}
	return os.CopyFS(filepath.Join(to, "logs"), os.DirFS(filepath.Join(from, "logs")))
}
