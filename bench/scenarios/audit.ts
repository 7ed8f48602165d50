import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { auditMigrations, recordAudit, sealPending } from '@labwright/audit';
import { type Db, openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { compared, type Finding, figure } from '../findings.ts';
import { root } from '../laboratory/production.ts';
import { interleave, perSecond, timed } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const things = 64;
const writers = 16;
const changesARound = 4_000;
const trail = 1_000_000;
const memoryLimitMb = 128;

const change = command('bench.audit.change', 'UPDATE things SET n = n + 1 WHERE id = $1');
/** What a chain within the transaction takes: its end, locked until the commit. */
const lockEnd = rows(
  'bench.audit.lock_end',
  Type.Object({ seq: Type.String(), hash: Type.String() }),
  'SELECT seq, hash FROM chain_end FOR UPDATE',
);
const link = command(
  'bench.audit.link',
  `WITH entry AS (
     INSERT INTO chained (seq, action, subject, after, prev, hash)
     SELECT e.seq + 1, $1, $2, $3::jsonb, e.hash, encode(sha256(convert_to(e.hash || $1 || $2 || $3, 'UTF8')), 'hex') FROM chain_end e
     RETURNING seq, hash)
   UPDATE chain_end SET seq = entry.seq, hash = entry.hash FROM entry`,
);
const fill = command(
  'bench.audit.fill',
  `INSERT INTO audit_pending (context, action, subject, before, after)
   SELECT '{"actor": {"id": "8c9f", "kind": "user", "name": "Ann", "role": "scientist"}, "request_id": "r"}', 'device.change',
          'device:d' || n % 100, jsonb_build_object('status', 'available', 'n', n), jsonb_build_object('status', 'maintenance', 'n', n + 1)
   FROM generate_series(1, $1::int) n`,
);

/** What a record of each change costs those who make them, and what it takes to prove a million of them. */
export const audit: Scenario = {
  name: 'audit',
  method:
    `${writers} writers change ${things} rows, one transaction a change: alone; with an audit entry, while the sealer chains them beside it; and with an entry ` +
    'that is chained within the transaction, the end of the chain locked until the commit. Then a million entries are sealed, and verified by a process of its own.',
  limitSeconds: 900,
  onRequest: true,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const url = await laboratory.emptyDatabase(scope, 'bench_audit');
    const db = openDb({ url, applicationName: 'bench audit', max: writers + 2, statementTimeout: 600_000 });
    scope.defer(() => db.close());
    await migrate(db, [auditMigrations]);
    await db.raw(`
      CREATE TABLE things (id int PRIMARY KEY, n int NOT NULL);
      INSERT INTO things SELECT id, 0 FROM generate_series(0, ${things - 1}) id;
      CREATE TABLE chained (seq bigint PRIMARY KEY, action text, subject text, after jsonb, prev text, hash text);
      CREATE TABLE chain_end (seq bigint, hash text);
      INSERT INTO chain_end VALUES (0, '')`);

    say('changes a second');
    const count = Math.max(200, changesARound * settings.share);
    const writes = (
      entry: (tx: Parameters<Parameters<Db['transaction']>[0]>[0], id: number) => Promise<unknown>,
    ) =>
      perSecond(
        Array.from({ length: count }, (_, n) => n),
        writers,
        async (n) => {
          const id = (n * 7) % things;
          await db.transaction((tx) => Promise.all([tx.execute(change, [id]), entry(tx, id)]));
        },
      );
    const after = { status: 'busy', by: 'Ann' };
    const rates = await interleave(
      {
        bare: () => writes(async () => {}),
        ours: async () => {
          let writing = true;
          const sealer = (async () => {
            while (writing) await sealPending(db);
          })();
          const rate = await writes((tx, id) =>
            recordAudit(tx, { action: 'thing.change', subject: `thing:${id}`, after }),
          );
          writing = false;
          await sealer;
          return rate;
        },
        chained: () =>
          writes((tx, id) =>
            Promise.all([
              tx.query(lockEnd),
              tx.execute(link, ['thing.change', `thing:${id}`, JSON.stringify(after)]),
            ]),
          ),
      },
      { rounds: settings.rounds, signal },
    );
    const line = { scenario: 'audit', what: 'audited changes', unit: '/s' as const };
    const findings = [
      compared({ ...line, beside: 'the same changes without an entry' }, compare(rates.ours, rates.bare)),
      compared({ ...line, beside: 'entries chained in the transaction' }, compare(rates.ours, rates.chained)),
    ];

    const entries = Math.round(trail * Math.min(1, settings.share));
    say(`sealing ${entries.toLocaleString('en')} entries`);
    await sealPending(db, signal);
    await db.execute(fill, [entries]);
    const sealing = await timed(() => sealPending(db, signal));
    const verify = async (databaseUrl: string) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [`${root}bench/audit/verify.ts`, databaseUrl],
        { env: { ...laboratory.production, PATH: process.env.PATH }, signal },
      );
      return JSON.parse(stdout) as { entries: number; ms: number; startKb: number; peakKb: number };
    };
    // Compiles the code, as the making of the image does: that takes 25 MB once, and is none of what is measured.
    const empty = await laboratory.emptyDatabase(scope, 'bench_audit_empty');
    const nothing = openDb({ url: empty, applicationName: 'bench audit', max: 1 });
    await migrate(nothing, [auditMigrations]).finally(() => nothing.close());
    await verify(empty);
    say('verifying them');
    const verified = await verify(url);
    if (verified.entries < entries) throw new Error(`only ${verified.entries} entries were verified`);
    const of = (what: string, unit: Finding['unit'], ours: number) => ({
      scenario: 'audit',
      what,
      unit,
      ours,
    });
    const peak = verified.peakKb / 1_024;
    bench.note(
      `a process has ${(verified.startKb / 1_024).toFixed(0)} MB before it verifies the first entry, and ${peak.toFixed(0)} MB at most.`,
    );
    return [
      ...findings,
      figure(of('entries sealed', '/s', entries / (sealing / 1_000))),
      figure(of('entries verified', '/s', verified.entries / (verified.ms / 1_000))),
      figure(
        of(
          `largest resident size while ${verified.entries.toLocaleString('en')} entries are verified`,
          'MB',
          peak,
        ),
        { text: `< ${memoryLimitMb} MB`, holds: peak < memoryLimitMb },
      ),
    ];
  },
};
