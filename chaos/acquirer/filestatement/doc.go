// Package filestatement keeps the statement of a bank in a file that survives the bank.
//
// # The file
//
// One record is one line: its CRC-32C (Castagnoli) in eight hexadecimal digits, a space,
// the record as JSON, and a line feed. Lines are only ever added.
//
//	5f0c1a7e {"line":{"seq":1,"time":"2026-01-02T03:04:05Z","status":"authorised","charge":"bank-1",...}}
//
// # Writing
//
// Records are written in groups: while one group is being written and synced, those that
// come meanwhile gather for the next. One sync makes all records of a group
// durable, and their tasks go on together, in order. So the disk bounds how long a record
// takes, but hardly how many there are in a second. Writing is a job of the worker pool's
// class "disk", one at a time.
//
// # Recovery
//
// What a crash leaves at the end without a line feed was never acknowledged; it
// is cut off, with a line in the log. Anything else that is wrong is not a crash's
// doing, and Open refuses the file with its name and the number of the line.
//
// A lock on the file (flock) keeps a second process, and a second Open, away.
package filestatement
