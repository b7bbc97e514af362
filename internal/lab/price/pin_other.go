//go:build !linux

package main

import "errors"

// pin is for Linux only, as are the figures that /proc gives.
func pin(int) error { return errors.New("the price can be measured on Linux only") }
