//go:build !linux

package wire

import (
	"context"
	"errors"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// Supported says whether there are engines on this system.
const Supported = false

// An Engine is for Linux only.
type Engine struct{}

// NewEngine returns an engine that sends nothing.
func NewEngine(Config) *Engine { return new(Engine) }

// Send says so.
func (*Engine) Send(context.Context, func(*evidence.Sample)) (loadgen.Course, error) {
	return loadgen.Course{}, errors.ErrUnsupported
}
