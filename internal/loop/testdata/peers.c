/*
 * What libuv asks for the things Brownout's loop and pool do.
 *
 *   cc -O2 -o peers peers.c -luv
 *   ./peers [R [N]]        ./peers --version
 *
 * runs every measurement R times (default 5) after a warm-up round of its own and prints the median, one line each:
 *
 *   name<TAB>ns_per_op
 *
 * N (default 1,000,000) is the number of timers in one round; a round of pool work has N / 20 jobs. The names and
 * what they cover are those of peers.js beside this file, where libuv has the thing at all:
 *
 *   create     uv_timer_init and uv_timer_start on handles that were allocated and touched beforehand
 *   +clear     the same, then uv_timer_stop in order of creation; 100 s are added so that none fires
 *   +fire      from the first uv_timer_init until the last callback, less uv_metrics_idle_time: waiting is not work
 *   pool       uv_queue_work of a function that does nothing, with preallocated requests; serial keeps one in
 *              flight, 64 starts 64 at once and the last to come back starts the next 64
 *
 * uv_async_send has no line: it coalesces, so it does not carry one piece of work per call as a mailbox does.
 * Every round has a loop of its own; making and closing it is not measured.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { JOBS_DIVISOR = 20, BATCH = 64, LATER_MS = 100 * 1000 };

static void must(int status) {
  if (status == 0) return;
  fprintf(stderr, "peers: %s\n", uv_strerror(status));
  exit(1);
}

static void *must_allocate(size_t count, size_t size) {
  void *memory = malloc(count * size);
  if (memory == NULL) must(UV_ENOMEM);
  return memset(memory, 1, count * size); /* touched: page faults belong to nobody's measurement */
}

static void open_loop(uv_loop_t *loop) {
  must(uv_loop_init(loop));
  must(uv_loop_configure(loop, UV_METRICS_IDLE_TIME));
}

static void close_handle(uv_handle_t *handle, void *unused) {
  (void)unused;
  uv_close(handle, NULL);
}

static void close_loop(uv_loop_t *loop) {
  uv_walk(loop, close_handle, NULL);
  must(uv_run(loop, UV_RUN_DEFAULT));
  must(uv_loop_close(loop));
}

/* Timers. */

typedef uint64_t (*delay_fn)(size_t index);

static uint64_t same(size_t index) {
  (void)index;
  return 50;
}

static uint64_t spread(size_t index) { return 1 + index % 1000; }

static void nothing(uv_timer_t *timer) { (void)timer; }

static void create(uv_loop_t *loop, uv_timer_t *timers, size_t n, delay_fn delay, uint64_t extra_ms) {
  for (size_t i = 0; i < n; i++) {
    uv_timer_init(loop, &timers[i]);
    uv_timer_start(&timers[i], nothing, delay(i) + extra_ms, 0);
  }
}

static uint64_t time_create(uv_loop_t *loop, uv_timer_t *timers, size_t n, delay_fn delay) {
  uint64_t start = uv_hrtime();
  create(loop, timers, n, delay, 0);
  return uv_hrtime() - start;
}

static uint64_t time_create_and_clear(uv_loop_t *loop, uv_timer_t *timers, size_t n, delay_fn delay) {
  uint64_t start = uv_hrtime();
  create(loop, timers, n, delay, LATER_MS);
  for (size_t i = 0; i < n; i++) uv_timer_stop(&timers[i]);
  return uv_hrtime() - start;
}

/* A loop without active handles ends by itself, so uv_run returns right after the last callback. */
static uint64_t time_create_and_fire(uv_loop_t *loop, uv_timer_t *timers, size_t n, delay_fn delay) {
  uint64_t start = uv_hrtime();
  create(loop, timers, n, delay, 0);
  must(uv_run(loop, UV_RUN_DEFAULT));
  return uv_hrtime() - start - uv_metrics_idle_time(loop);
}

typedef uint64_t (*timers_fn)(uv_loop_t *, uv_timer_t *, size_t, delay_fn);

static uint64_t timers_round(timers_fn run, size_t n, delay_fn delay) {
  uv_timer_t *timers = must_allocate(n, sizeof *timers);
  uv_loop_t loop;
  open_loop(&loop);
  uint64_t ns = run(&loop, timers, n, delay);
  close_loop(&loop);
  free(timers);
  return ns;
}

/* The pool. */

typedef struct {
  uv_loop_t loop;
  uv_work_t requests[BATCH];
  size_t batch;    /* jobs started together */
  size_t returned; /* jobs that came back, in all */
  size_t total;    /* jobs of the round */
} pool_t;

static void work(uv_work_t *request) { (void)request; }

static void after_work(uv_work_t *request, int status);

static void start_batch(pool_t *pool) {
  for (size_t i = 0; i < pool->batch; i++) {
    pool->requests[i].data = pool;
    must(uv_queue_work(&pool->loop, &pool->requests[i], work, after_work));
  }
}

static void after_work(uv_work_t *request, int status) {
  must(status);
  pool_t *pool = request->data;
  pool->returned++;
  if (pool->returned % pool->batch == 0 && pool->returned < pool->total) start_batch(pool);
}

/* Rounds n up to whole batches and scales the time back to n. */
static uint64_t pool_round(size_t n, size_t batch) {
  pool_t pool = {.batch = batch, .total = (n + batch - 1) / batch * batch};
  open_loop(&pool.loop);
  uint64_t start = uv_hrtime();
  start_batch(&pool);
  must(uv_run(&pool.loop, UV_RUN_DEFAULT));
  uint64_t ns = uv_hrtime() - start;
  close_loop(&pool.loop);
  return ns * n / pool.total;
}

/* The measurements: timers have run and delay, the pool has a batch. */

typedef struct {
  const char *name;
  timers_fn run;
  delay_fn delay;
  size_t batch;
} measurement_t;

static const measurement_t measurements[] = {
    {"timer/same/create", time_create, same, 0},
    {"timer/same/create+fire", time_create_and_fire, same, 0},
    {"timer/same/create+clear", time_create_and_clear, same, 0},
    {"timer/spread/create", time_create, spread, 0},
    {"timer/spread/create+fire", time_create_and_fire, spread, 0},
    {"timer/spread/create+clear", time_create_and_clear, spread, 0},
    {"pool/serial", NULL, NULL, 1},
    {"pool/64", NULL, NULL, BATCH},
};

static double measure_round(const measurement_t *m, size_t n) {
  if (m->run != NULL) return (double)timers_round(m->run, n, m->delay) / (double)n;
  size_t jobs = (n + JOBS_DIVISOR - 1) / JOBS_DIVISOR;
  return (double)pool_round(jobs, m->batch) / (double)jobs;
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, ascending);
  size_t middle = count / 2;
  return count % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

static void measure(const measurement_t *m, size_t rounds, size_t n) {
  double *readings = must_allocate(rounds, sizeof *readings);
  measure_round(m, n); /* the warm-up */
  for (size_t r = 0; r < rounds; r++) readings[r] = measure_round(m, n);
  printf("%s\t%.2f\n", m->name, median(readings, rounds));
  fflush(stdout);
  free(readings);
}

static size_t argument(int argc, char **argv, int position, size_t otherwise) {
  if (position >= argc) return otherwise;
  char *end;
  long value = strtol(argv[position], &end, 10);
  if (*end == '\0' && value > 0) return (size_t)value;
  fprintf(stderr, "usage: peers [R [N]], both whole numbers above zero\n");
  exit(2);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--version") == 0) return puts(uv_version_string()) < 0;
  size_t rounds = argument(argc, argv, 1, 5);
  size_t n = argument(argc, argv, 2, 1000 * 1000);
  for (size_t i = 0; i < sizeof measurements / sizeof *measurements; i++) measure(&measurements[i], rounds, n);
  return 0;
}
