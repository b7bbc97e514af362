package metricstore

import "time"

// ServerVersion is the version of the server that goes with one of its module.
var ServerVersion = serverVersion

// InMemory is how long a time the samples are of that are in no block yet.
func (s *Store) InMemory() time.Duration {
	head := s.db.Head()
	return time.Duration(head.MaxTime()-head.MinTime()) * time.Millisecond
}
