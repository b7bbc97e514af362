// Package servicetest runs a service, or what a service is made of, for a test:
// [Run] on one loop in virtual time, where every request and answer is held against
// the service's OpenAPI document, and [OnLoop] on a real loop with real goroutines, for
// adapters that talk over sockets.
package servicetest
