import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type AuditReport, judge } from './judge.ts';

const advisory = (id: string, severity: string) => ({
  title: `a hole (${severity})`,
  url: `https://github.com/advisories/${id}`,
  severity,
  range: '<2.0.0',
});
const report = (...via: AuditReport['vulnerabilities'][string]['via']): AuditReport => ({
  vulnerabilities: { a: { name: 'a', via }, b: { name: 'b', via: ['a', ...via] } },
});

test('from the severity of the policy on it fails, once for each advisory; below it passes', () => {
  const policy = { failsFrom: 'moderate', exceptions: [] } as const;
  const failing = (severity: string) =>
    judge(report(advisory('GHSA-1', severity)), policy, '2026-01-01').failures.length;
  assert.deepEqual(
    ['info', 'low', 'moderate', 'high', 'critical', 'unheard-of'].map(failing),
    [0, 0, 1, 1, 1, 1],
  );
  assert.equal(judge(report(), policy, '2026-01-01').failures.length, 0);
});

test('an exception holds until its last day, for its advisory alone, and is taken away when it is not needed', () => {
  const exceptions = [{ id: 'GHSA-1', reason: 'not reached by our code', until: '2026-06-30' }];
  const on = (day: string, ...ids: string[]) =>
    judge(report(...ids.map((id) => advisory(id, 'critical'))), { failsFrom: 'high', exceptions }, day);
  assert.deepEqual(on('2026-06-30', 'GHSA-1').failures, []);
  assert.match(on('2026-06-30', 'GHSA-1').borne[0] ?? '', /not reached by our code/);
  assert.match(on('2026-07-01', 'GHSA-1').failures[0] ?? '', /ended on 2026-06-30/);
  assert.equal(on('2026-06-30', 'GHSA-1', 'GHSA-2').failures.length, 1);
  assert.match(on('2026-06-30').failures[0] ?? '', /take the exception away/);
});

test('a registry that does not answer proves nothing: said, and a failure where it must answer', async () => {
  const registry = createServer((_request, response) => response.writeHead(405).end());
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const { port } = registry.address() as AddressInfo;
  const script = new URL('../audit.ts', import.meta.url).pathname;
  const audit = (env: Record<string, string>) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [script, `--registry=http://127.0.0.1:${port}/`, '--fetch-retries=0'],
        { env: { ...process.env, ...env }, timeout: 90_000 },
        (_error, _stdout, stderr) => resolve({ code: child.exitCode ?? -1, said: stderr }),
      );
    });
  const lenient = await audit({ AUDIT_MUST_ANSWER: '' });
  assert.match(lenient.said, /nothing was checked/);
  assert.equal(lenient.code, 0);
  assert.equal((await audit({ AUDIT_MUST_ANSWER: '1' })).code, 1);
  registry.close();
});
