package metricstore

import "time"

// InMemory is how long a time the samples are of that are in no block yet.
func (s *Store) InMemory() time.Duration {
	head := s.db.Head()
	return time.Duration(head.MaxTime()-head.MinTime()) * time.Millisecond
}
