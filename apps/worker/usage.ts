/** The options of a worker, for its own help and for that of `labwright`. */
export const workerUsage = `A worker carries out the jobs of its queues, and of no others.

  npm run worker -- --queues a,b --handlers ./tasks.ts [options]

  --queues a,b               required
  --handlers FILE            required, may be repeated: a module that exports handlers: Handler[]
  --database URL             where the jobs are: postgres://… (or JOBS_DATABASE_URL)
  --transport NAME           postgres (default), or rabbitmq with --broker amqp://… (or BROKER_URL)
  --concurrency 10           jobs at once
  --isolate process|thread   each job in a child: for work that keeps a processor busy, hangs or crashes
    --recycle-jobs N         … which is renewed after N jobs
    --recycle-mib M          … or between two jobs when it has more than M MiB
    --grace 5s               … and killed when a handler does not stop in that time after it was told to
  --lease 10s                a worker that is silent for so long is taken for dead, and its jobs go to others
  --drain 30s                how long SIGTERM waits for the jobs in hand before they are handed back
  --health-port 8080         /health, /ready and /metrics, on HOST (127.0.0.1)

LOG_LEVEL (warn) sets what is logged, as JSON on standard error. SIGTERM or Ctrl-C drains, a second one hands back at once.
Exit codes: 0 ended as asked, 1 failed, 2 wrong arguments or settings, 3 ended as asked, and jobs were handed back.
`;
