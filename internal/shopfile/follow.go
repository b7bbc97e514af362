package shopfile

import (
	"os"
	"sync"
)

// A Follower knows the shop of a file, also when that changes. Any goroutine may call its methods.
type Follower struct {
	path string

	mu   sync.Mutex
	seen os.FileInfo // of the file that was read last
	shop *Shop       // the last one that was good
	err  error       // why there is none
}

// Follow returns a follower of a file, which need not be there yet.
func Follow(path string) *Follower { return &Follower{path: path} }

// Shop returns the shop as its file says now; the file is read only if it has changed. While it is away or wrong, the
// shop is the one that it said before, and if there was none, the error says why. Nobody may change the shop.
func (f *Follower) Shop() (*Shop, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		f.seen, f.err = nil, err
	case !f.hasSeen(now):
		f.seen = now
		f.read()
	}
	if f.shop == nil {
		return nil, f.err
	}
	return f.shop, nil
}

// hasSeen says whether the file is the one that was read last. A file that is replaced is another one.
func (f *Follower) hasSeen(now os.FileInfo) bool {
	return f.seen != nil && os.SameFile(f.seen, now) && f.seen.ModTime().Equal(now.ModTime()) && f.seen.Size() == now.Size()
}

func (f *Follower) read() {
	var shop *Shop
	if shop, f.err = Read(f.path); f.err == nil {
		f.shop = shop
	}
}
