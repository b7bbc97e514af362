// Package resilience holds the protections of a service: one small type for each, which
// can be switched off and on while the service runs.
package resilience
