/**
 * Jobs under fire: 10,000 of them, while workers, relays, networks, PostgreSQL and RabbitMQ fail for a minute, by way of each transport.
 * Servers of its own are started and removed. Ends with 1 where a promise was broken.
 *
 *     npm run soak:jobs -- [--transport postgres|rabbitmq] [--jobs 10000] [--seconds 60] [--workers 4] [--quiet]
 *
 * SEED=… repeats the same faults and jobs; how they meet is never the same.
 */
import { parseArgs } from 'node:util';
import { type BattleReport, fight } from '../engine/jobs/testing/fire/battle.ts';

const { values } = parseArgs({
  options: {
    transport: { type: 'string' },
    jobs: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '4' },
    quiet: { type: 'boolean', default: false },
  },
});
const numbers = {
  jobs: Number(values.jobs),
  seconds: Number(values.seconds),
  workers: Number(values.workers),
};
for (const [name, value] of Object.entries(numbers))
  if (!Number.isInteger(value) || value < 1) fail(`--${name} is a whole number from 1.`);
const transports = (['postgres', 'rabbitmq'] as const).filter(
  (one) => !values.transport || one === values.transport,
);
if (transports.length === 0) fail('--transport is postgres or rabbitmq.');

for (const transport of transports) {
  const report = await fight({
    ...numbers,
    transport,
    keys: 50,
    longestMs: 20,
    // Bounded: what has not ended by then is stuck.
    endsWithinSeconds: 300,
    say: (line) => values.quiet || console.log(line),
  });
  if (report) print(transport, report);
  else console.log(`${transport}: left out, there is no rabbitmq-server on this machine`);
}

function print(transport: string, report: BattleReport): void {
  const { seed, faults, jobs, answered, unanswered, came, ends, starts, disk, calmSeconds } = report;
  console.log(
    `\n${transport}: ${jobs} jobs in ${answered} batches that were answered and ${unanswered} that were not; processes were started ${starts} times; the full disk: ${disk}; all had ended ${calmSeconds.toFixed(1)} s after the last fault; SEED=${seed}`,
  );
  console.table(
    Object.fromEntries(
      [...came].sort(([a], [b]) => a.localeCompare(b)).map(([name, times]) => [name, { times }]),
    ),
  );
  console.table(ends.map(({ task, state, count, attempts }) => ({ task, state, jobs: count, attempts })));
  if (faults.length === 0) console.log('Every promise was kept.');
  for (const fault of faults) console.log(`✗ ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

function fail(what: string): never {
  console.error(what);
  process.exit(2);
}
