// Package shopfile is how a running shop is found: whoever starts one writes a
// file that says where its parts listen and which secrets open them, and whoever
// loads, breaks or audits it reads that file. It holds secrets, so only its owner
// may read it.
package shopfile

import (
	"cmp"

	"brownout/internal/shop"
)

// DefaultPath is where the file lies, below the folder that the shop was started in.
const DefaultPath = ".brownout/shop.json"

// Bounds of a file.
const (
	MaxBytes = 8 << 20
	MaxUsers = 10_000
	MaxParts = 64 // banks, admin ports, supervisors, journals: of each
)

// A Shop is one that runs. URLs are a scheme, http or https, and a host with its
// port; what is empty is not there.
type Shop struct {
	Gateway   string   `json:"gateway"`
	Payments  string   `json:"payments,omitempty"`
	Inventory string   `json:"inventory,omitempty"`
	Banks     []string `json:"banks,omitempty"`
	Control   string   `json:"control,omitempty"` // steers the lab; opened by AdminToken
	Load      string   `json:"load,omitempty"`    // shows the metrics of the background load while there is any; opened by AdminToken

	// The control room's, which ask for no token: its page, Prometheus' API, and where it takes traces
	// with OTLP over HTTP.
	Room       string `json:"room,omitempty"`
	Prometheus string `json:"prometheus,omitempty"`
	OTLP       string `json:"otlp,omitempty"`

	// Admin holds the URL of each process's admin port, by the process's name:
	// gateway, payments, inventory, bank-a.
	Admin map[string]string `json:"admin,omitempty"`
	// Supervisors holds, by name too, the URL of what keeps each process running, where no lab does: in
	// containers. There it is killed, paused and lent.
	Supervisors  map[string]string `json:"supervisors,omitempty"`
	AdminToken   string            `json:"admin_token,omitempty"`   // opens the admin ports, and those of supervisors
	ServiceToken string            `json:"service_token,omitempty"` // opens payments and inventory

	Users    []User `json:"users"`
	Password string `json:"password"` // of every user

	// Epoch names the life of the data, and EpochID tells it from all others. The
	// journals that clients keep in it are audited together with it.
	Epoch    string   `json:"epoch,omitempty"`
	EpochID  string   `json:"epoch_id,omitempty"`
	Journals []string `json:"journals,omitempty"` // paths of files of evidence.Sample lines
}

// Supervisor returns the URL of what keeps a process running: the lab's, or that of its own supervisor; "" if
// there is none.
func (s *Shop) Supervisor(process string) string { return cmp.Or(s.Control, s.Supervisors[process]) }

// A User is someone who can log in.
type User struct {
	ID     string    `json:"id"`
	Tenant string    `json:"tenant"`
	Role   shop.Role `json:"role"`
}

// Customers returns the users who can buy, in the file's order.
func (s *Shop) Customers() []User {
	var customers []User
	for _, u := range s.Users {
		if u.Role == shop.Customer {
			customers = append(customers, u)
		}
	}
	return customers
}
