package shop

// A Problem is the body of every answer that is an error (RFC 9457,
// application/problem+json).
type Problem struct {
	Type    string `json:"type"` // urn:brownout:problem:CODE
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail,omitempty"`
	Code    Code   `json:"code"`
	Pointer string `json:"pointer,omitempty"` // the place in the request that is wrong
	TraceID string `json:"trace_id,omitempty"`
}
