package service

import (
	"slices"

	"brownout/internal/shop"
)

// A template is a problem that is answered when there is no time to lose: all of it but the
// trace id is encoded beforehand.
type template struct {
	err   *shop.Error
	plain Response
	head  []byte // of the body, up to the trace id
}

func newTemplate(e *shop.Error) *template {
	answer := Problem(e, "")
	head := append(slices.Clone(answer.Body[:len(answer.Body)-1]), `,"trace_id":"`...)
	return &template{err: e, plain: answer, head: head}
}

// answer returns the problem with a trace id, which needs no escaping.
func (t *template) answer(traceID string) Response {
	answer := t.plain
	if traceID == "" {
		return answer
	}
	body := make([]byte, 0, len(t.head)+len(traceID)+2)
	body = append(append(body, t.head...), traceID...)
	answer.Body = append(body, '"', '}')
	return answer
}
