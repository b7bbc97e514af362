// Package bank holds the adapters to banks, over HTTP. They differ in how a bank is
// told something twice: [Keyed] repeats itself, with an idempotency key that the
// bank knows; [Asking] is for a bank that knows none, and looks first.
package bank
