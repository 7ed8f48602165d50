import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { runInContext } from '@labwright/kernel/context';
import { isProblem } from '@labwright/kernel/errors';
import { localPrincipal, type Principal } from '@labwright/kernel/identity';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import {
  type AuditRules,
  auditMigrations,
  demandApproval,
  type ReasonPolicy,
  readApproval,
  recordAudit,
  type Signature,
  sealPending,
} from '../index.ts';
import { listAudit } from './list.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations]);
});
after(() => database.drop());

const by = <T>(kind: Principal['kind'], work: () => T, id = 'ann') =>
  runInContext(
    {
      request_id: 'r',
      trace_id: '0'.repeat(32),
      span_id: '0'.repeat(16),
      principal: { ...localPrincipal, id, kind, name: id },
    },
    work,
  );
const codeOf = (error: unknown) => (isProblem(error) ? error.code : String(error));
const kinds = ['user', 'token', 'local', 'service', 'system'] as const;
const what = { action: 'operation.abort', subject: 'device:d1' };

test('a reason: asked of people and tokens, of the local user only where the setting says so, of services never', async () => {
  const asks = (reasons: ReasonPolicy, kind: Principal['kind'], reason?: string) =>
    by(kind, async () => {
      const rules = { reasons, signatures: [] };
      try {
        demandApproval(rules, await readApproval(rules, { ...what, reason }), 'stop it');
        return '';
      } catch (error) {
        return codeOf(error);
      }
    });
  const all = (reasons: ReasonPolicy) => Promise.all(kinds.map((kind) => asks(reasons, kind)));
  const needed = 'reason_required';
  assert.deepEqual(await all('accounts'), [needed, needed, '', '', '']);
  assert.deepEqual(await all('always'), [needed, needed, needed, '', '']);
  assert.deepEqual(await all('never'), ['', '', '', '', '']);
  assert.deepEqual(
    [await asks('accounts', 'user', ' \n'), await asks('accounts', 'user', 'a leak')],
    [needed, ''],
  );
});

const signed = (over: Partial<Signature> = {}): Signature => ({
  id: randomUUID(),
  signed_by: 'ann',
  name: 'Ann Ames',
  meaning: 'I saw it leak',
  signed_at: '2026-01-02T03:04:05Z',
  ...what,
  statement: 'a.b.c',
  ...over,
});
const rulesOf = (signature: Signature): AuditRules => ({
  reasons: 'never',
  signatures: [what.action],
  verify: async (statement) => {
    if (statement !== signature.statement) throw new Error('not signed by us');
    return signature;
  },
});

test('a signature: asked for where the rules name the action; of a machine too, which has none', async () => {
  const asks = (signatures: string[], kind: Principal['kind']) =>
    by(kind, async () => {
      const rules: AuditRules = { reasons: 'never', signatures };
      try {
        demandApproval(rules, await readApproval(rules, what), 'stop it');
        return '';
      } catch (error) {
        return codeOf(error);
      }
    });
  for (const named of [['operation.abort'], ['*'], ['x.y', 'operation.abort']])
    assert.deepEqual(await Promise.all(kinds.map((kind) => asks(named, kind))), [
      'signature_required',
      'signature_required',
      '',
      '',
      '',
    ]);
  assert.equal(await asks(['x.y'], 'user'), '');
});

test('it is good for one action, on one subject, by whoever asks, and once; the entry has it', async () => {
  const good = signed();
  const rules = rulesOf(good);
  const given = { ...what, reason: 'it leaks', signature: 'a.b.c' };
  const refused = async (rules: AuditRules, request: typeof given, id = 'ann') => {
    const error = await by('user', () => readApproval(rules, request), id).catch((error) => error);
    return [codeOf(error), error.message];
  };
  for (const [wrong, said] of [
    [refused(rules, { ...given, signature: 'x.y.z' }), /none of this laboratory/],
    [refused(rules, { ...given, subject: 'device:d2' }), /given for operation\.abort of device:d1/],
    [refused(rules, { ...given, action: 'booking.override' }), /given for operation\.abort/],
    [refused(rules, given, 'bob'), /nobody signs for somebody else/],
    [refused({ ...rules, verify: undefined }, given), /nobody can sign/],
  ] as const) {
    const [code, text] = await wrong;
    assert.equal(code, 'signature_invalid');
    assert.match(text, said);
  }

  const record = () =>
    by('user', async () => {
      const approval = await readApproval(rules, given);
      demandApproval(rules, approval, 'stop it');
      await database.db.transaction((tx) => recordAudit(tx, { ...what, approval }));
    });
  await record();
  await assert.rejects(record(), (error) => codeOf(error) === 'signature_used');
  await sealPending(database.db);
  const { entries } = await listAudit(database.db, { limit: 10 });
  const [entry] = entries;
  assert.ok(entry && entries.length === 1);
  assert.equal(entry.reason, 'it leaks');
  const { signed_at, ...rest } = entry.signature as Signature;
  assert.deepEqual({ ...rest, signed_at: new Date(signed_at).toISOString().replace('.000', '') }, good);
});

test('a signature that was rolled back with its action is still good', async () => {
  const rules = rulesOf(signed({ statement: 'd.e.f' }));
  const approval = await by('user', () => readApproval(rules, { ...what, signature: 'd.e.f' }));
  const record = (fails: boolean) =>
    database.db.transaction(async (tx) => {
      await recordAudit(tx, { ...what, approval });
      if (fails) throw new Error('refused');
    });
  await assert.rejects(record(true), /refused/);
  await record(false);
});
