package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Load is what a contestant answered.
type Load struct {
	Answers int           `json:"answers"`
	Rate    float64       `json:"rate"` // a second
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
	Length  int           `json:"length"` // of an answer, in bytes, with its headers
}

const request = "GET /v1/products?limit=20 HTTP/1.1\r\nHost: price\r\n\r\n"

// load asks as fast as it is answered, and prints what came of it as JSON.
func load(address string, connections int, length time.Duration) error {
	var all sync.WaitGroup
	latencies, lengths, errs := make([][]time.Duration, connections), make([]int, connections), make([]error, connections)
	began := time.Now()
	for i := range connections {
		all.Go(func() { latencies[i], lengths[i], errs[i] = ask(address, began.Add(length)) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	sorted := slices.Sorted(slices.Values(slices.Concat(latencies...)))
	if len(sorted) == 0 {
		return errors.New("no answers")
	}
	return json.NewEncoder(os.Stdout).Encode(Load{
		Answers: len(sorted),
		Rate:    float64(len(sorted)) / time.Since(began).Seconds(),
		P50:     sorted[len(sorted)/2],
		P99:     sorted[len(sorted)*99/100],
		Length:  slices.Max(lengths),
	})
}

// ask asks on one connection. All answers are as long as the first, so the others need not
// be parsed: what the client spares, both cores have for the contestant.
func ask(address string, until time.Time) (latencies []time.Duration, length int, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0, err
	}
	defer c.Close()
	if err := c.SetDeadline(until.Add(5 * time.Second)); err != nil {
		return nil, 0, err
	}
	if length, err = first(c); err != nil {
		return nil, 0, err
	}
	answer := make([]byte, length)
	for now := time.Now(); now.Before(until); {
		if _, err := io.WriteString(c, request); err != nil {
			return nil, 0, err
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return nil, 0, err
		}
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 ")) {
			return nil, 0, fmt.Errorf("answers are not all of one length: %.20q", answer)
		}
		then := now
		now = time.Now()
		latencies = append(latencies, now.Sub(then))
	}
	return latencies, length, nil
}

// first asks once and returns how long the answer is.
func first(c net.Conn) (int, error) {
	if _, err := io.WriteString(c, request); err != nil {
		return 0, err
	}
	r, length, body := bufio.NewReader(c), 0, 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		length += len(line)
		if value, ok := bytes.CutPrefix([]byte(line), []byte("Content-Length: ")); ok {
			if body, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
		if line == "\r\n" {
			_, err := io.CopyN(io.Discard, r, int64(body))
			return length + body, err
		}
	}
}
