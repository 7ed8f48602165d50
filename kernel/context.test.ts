import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextFromHeaders, currentContext, enterContext, runInContext } from './context.ts';

for (const [what, before] of [
  ['none', undefined],
  ['a request', contextFromHeaders({})],
] as const)
  for (const [where, within] of [
    ['none', undefined],
    ['the same', before],
    ['another', contextFromHeaders({})],
  ] as const)
    test(`from ${what}, work in ${where}: what it enters is its own, and that of what it starts`, async () => {
      const entered = contextFromHeaders({});
      await runInContext(before, async () => {
        const later = runInContext(within, () => {
          assert.equal(currentContext(), within);
          enterContext(entered);
          return Promise.resolve().then(currentContext);
        });
        assert.equal(currentContext(), before);
        assert.equal(await later, entered);
        assert.throws(() =>
          runInContext(within, () => {
            enterContext(entered);
            throw new Error('thrown');
          }),
        );
        assert.equal(currentContext(), before);
      });
    });
