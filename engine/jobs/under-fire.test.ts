import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fight } from './testing/fire/battle.ts';

// Node's own end would wait for ever here, for a handle of one of the many processes and sockets that were killed.
process.once('exit', (code) => process.exit(code));

/*
 * Workers, relays, networks and servers fail while jobs are asked for and carried out, on servers of their own. Whatever happens to them: every
 * job has one outcome, no key overlaps, what was answered is there, nothing is stuck. `npm run soak:jobs` does it with 10,000 jobs for a minute.
 */

for (const transport of ['postgres', 'rabbitmq'] as const)
  test(`under fire by way of ${transport}: one outcome each, no key overlaps, nothing is lost or stuck`, {
    timeout: 240_000,
  }, async (t) => {
    const lines: string[] = [];
    const report = await fight({
      transport,
      jobs: 600,
      seconds: Number(process.env.FIRE_SECONDS ?? 12),
      workers: 3,
      keys: 12,
      longestMs: 30,
      endsWithinSeconds: 150,
      say: (line) => lines.push(line),
    });
    if (!report) {
      t.skip('there is no rabbitmq-server on this machine');
      return;
    }
    t.diagnostic(
      `${report.jobs} jobs, faults: ${JSON.stringify(Object.fromEntries(report.came))}; disk: ${report.disk}`,
    );
    assert.deepEqual(report.faults, [], lines.join('\n'));
    assert.ok(report.jobs >= 600 && report.answered > 0);
  });
