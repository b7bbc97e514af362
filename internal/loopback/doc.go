// Package loopback serves those who sit at this machine, and asks them for nothing: no token, no password.
//
// So nobody else may get through. A port listens at a loopback address, or, in a container whose ports are published
// at one, at an address of a private network. It answers connections from such addresses only, and requests whose
// header Host is an address, localhost or a name that was allowed: a page of another site, whose name that site's DNS has given to this
// machine, has its own name there.
package loopback
