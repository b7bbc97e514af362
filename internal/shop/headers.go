package shop

// Headers that the services and their clients exchange.
const (
	// HeaderIdempotencyKey is that of the IETF draft idempotency-key-header; the
	// key is sent bare, without the quotes of a structured field.
	HeaderIdempotencyKey = "Idempotency-Key"
	// HeaderReplayed is "true" on an answer that was stored with its key.
	HeaderReplayed = "Idempotency-Replayed"
	// HeaderDeadline holds the milliseconds that the caller still waits.
	HeaderDeadline = "Deadline-Ms"
	// HeaderCustomer names, between services, the customer on whose behalf a
	// call is made; idempotency keys are scoped by it.
	HeaderCustomer = "Customer-Id"
	// HeaderTraceparent is the W3C trace context.
	HeaderTraceparent = "Traceparent"
	// HeaderAttempt counts the attempts of a call, from 1.
	HeaderAttempt = "Attempt"
)
