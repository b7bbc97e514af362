'use strict';

// What Node asks for the things Brownout's loop and pool do.
//
//   node peers.js [R [N]]
//
// runs every measurement R times (default 5) after a warm-up round of its own and prints the median, one line each:
//
//   name<TAB>ns_per_op
//
// N (default 1,000,000) is the number of callbacks, or of timers, in one round; a round of pool work has N / 20 jobs.
// No collection of garbage is forced between rounds, although Go's testing package does that between benchmarks: it
// moves the tick queue into the old generation, after which process.nextTick measured five times as slow in batches.
// The warm-up and the median deal with garbage; the peer is shown from its better side.
//
// What the clock covers:
//
//   chain      every callback schedules the next one; nothing leaves the queue's drain
//   batch1000  1,000 callbacks are scheduled, then run; the last one schedules the next 1,000. A batch of immediates
//              costs one turn of the loop, because an immediate set in the check phase waits for the next turn.
//   create     the calls of setTimeout, handles kept in an array of the right size
//   +clear     the same, then clearTimeout in order of creation; 100 s are added so that none fires
//   +fire      from the first setTimeout until the last callback, less the time in which the loop sat idle in poll.
//              Spread over a second, timers make any loop wait a second of wall time; waiting is not work. Idle time is
//              taken from performance.eventLoopUtilization(), whose source is libuv's uv_metrics_idle_time, and not
//              from process.cpuUsage(), which would also charge the collector's helper threads to the timers.
//   pool       fs.fstat of an open file: a system call without disk or data, then back to JavaScript. Measured beside
//              read, write, writev and access, it's as cheap as any: the thread hand-over is nearly all of the cost.
//              serial keeps one in flight; 64 starts 64 at once, and the last to come back starts the next 64.

const fs = require('node:fs');
const { performance } = require('node:perf_hooks');

const rounds = argument(2, 5);
const callbacks = argument(3, 1_000_000);
const jobs = Math.ceil(callbacks / 20);

const file = fs.openSync(__filename, 'r');

const same = () => 50;
const spread = (i) => 1 + (i % 1000);
const later = (delay) => (i) => delay(i) + 100_000;
const stat = (done) => fs.fstat(file, done);

// Each measurement takes the number of operations and resolves to nanoseconds for all of them together.
const measurements = [
  ['tick/chain', callbacks, chain(process.nextTick)],
  ['tick/batch1000', callbacks, batches(1000, process.nextTick)],
  ['microtask/chain', callbacks, chain(queueMicrotask)],
  ['microtask/batch1000', callbacks, batches(1000, queueMicrotask)],
  ['immediate/batch1000', callbacks, batches(1000, setImmediate)],
  ['timer/same/create', callbacks, create(same)],
  ['timer/same/create+fire', callbacks, createAndFire(same)],
  ['timer/same/create+clear', callbacks, createAndClear(later(same))],
  ['timer/spread/create', callbacks, create(spread)],
  ['timer/spread/create+fire', callbacks, createAndFire(spread)],
  ['timer/spread/create+clear', callbacks, createAndClear(later(spread))],
  ['pool/serial', jobs, chain(stat)],
  ['pool/64', jobs, batches(64, stat)],
];

main();

async function main() {
  for (const [name, n, run] of measurements) {
    await round(n, run); // the warm-up
    const readings = [];
    for (let r = 0; r < rounds; r++) readings.push(await round(n, run));
    console.log(`${name}\t${median(readings).toFixed(2)}`);
  }
}

// round starts a measurement from a callback of the loop, so that none of them runs inside a promise job.
function round(n, run) {
  return new Promise((resolve) => {
    setImmediate(() => run(n, (ns) => resolve(ns / n)));
  });
}

function chain(schedule) {
  return (n, done) => {
    const elapsed = stopwatch();
    let left = n;
    const step = () => {
      if (--left > 0) schedule(step);
      else done(elapsed());
    };
    schedule(step);
  };
}

// batches rounds n up to whole batches and scales the time back to n.
function batches(size, schedule) {
  return (n, done) => {
    const total = Math.ceil(n / size) * size;
    const elapsed = stopwatch();
    let left = total;
    const fill = () => {
      for (let i = 0; i < size; i++) schedule(step);
    };
    const step = () => {
      if (--left % size !== 0) return;
      if (left > 0) fill();
      else done((elapsed() * n) / total);
    };
    fill();
  };
}

function create(delay) {
  return (n, done) => {
    const handles = new Array(n);
    const elapsed = stopwatch();
    for (let i = 0; i < n; i++) handles[i] = setTimeout(nothing, delay(i));
    const ns = elapsed();
    handles.forEach(clearTimeout);
    done(ns);
  };
}

function createAndClear(delay) {
  return (n, done) => {
    const handles = new Array(n);
    const elapsed = stopwatch();
    for (let i = 0; i < n; i++) handles[i] = setTimeout(nothing, delay(i));
    for (let i = 0; i < n; i++) clearTimeout(handles[i]);
    done(elapsed());
  };
}

function createAndFire(delay) {
  return (n, done) => {
    const before = performance.eventLoopUtilization();
    let left = n;
    const fired = () => {
      if (--left === 0) done(performance.eventLoopUtilization(before).active * 1e6);
    };
    for (let i = 0; i < n; i++) setTimeout(fired, delay(i));
  };
}

function nothing() {}

function stopwatch() {
  const start = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - start);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function argument(position, otherwise) {
  const value = Number(process.argv[position] ?? otherwise);
  if (Number.isInteger(value) && value > 0) return value;
  console.error('usage: node peers.js [R [N]], both whole numbers above zero');
  process.exit(2);
}
