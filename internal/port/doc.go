// Package port keeps TCP ports for servers that are yet to listen at them, or that listen
// again after their death: meanwhile nobody else is given one by chance.
package port
