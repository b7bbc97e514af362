// Package redistest gives tests the Redis servers that code must work with:
//
//	miniredis   in the test's own process, always there; its keys expire by the clock
//	redis       a redis-server, a child process with an append-only file, if it is installed
//
// A test that asks for servers gets new and empty ones, which end with it; nothing
// is shared between tests. On Linux a child process ends with the test's process even if
// that is killed.
//
// Where redis-server is not installed, its part of a test is skipped, unless the
// environment variable BROWNOUT_REQUIRE, a list with commas, names redis: then
// the test fails.
//
// Both servers talk over real sockets, so a test that uses them cannot run in a
// testing/synctest bubble.
package redistest
