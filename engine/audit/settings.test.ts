import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from '@labwright/kernel/config';
import { auditRules, auditSettings } from './settings.ts';

test('the settings: reasons of accounts and no signatures, unless said otherwise; mistakes are named', () => {
  assert.deepEqual(auditRules(readConfig(auditSettings, {})), {
    reasons: 'accounts',
    signatures: [],
    verify: undefined,
  });
  const given = { REQUIRE_REASON: 'always', REQUIRE_SIGNATURE: 'operation.abort, step.skip' };
  const { reasons, signatures } = auditRules(readConfig(auditSettings, given));
  assert.deepEqual([reasons, signatures], ['always', ['operation.abort', 'step.skip']]);
  assert.throws(
    () => readConfig(auditSettings, { REQUIRE_REASON: 'maybe', REQUIRE_SIGNATURE: 'abort' }),
    (error) => error instanceof ConfigError && error.faults.length === 2,
  );
});
