import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '@labwright/kernel/errors';
import { complaintOf } from './complaint.ts';
import { placeOf, withoutRoutes } from './refusal.ts';

const refused = (code: string, detail: string, faults?: { path: string; message: string }[]) =>
  new Problem(code, { status: 400, title: 'It cannot be carried out' }, detail, faults ? { faults } : {});

test('a place is named as people know it', () => {
  for (const [path, place] of [
    ['body.steps[0].parameters.volume_ul', 'step 1, volume_ul'],
    ['body.sample_barcodes[2]', 'sample 3'],
    ['body.priority', 'priority'],
    ['querystring.limit', 'limit'],
    ['body', ''],
    ['step 2 (incubate).parameters.duration_s', 'step 2 (incubate), duration_s'],
  ] as const)
    assert.equal(placeOf(path), place);
});

test('faults are lines of their own, each said once, without regular expressions', () => {
  const { text } = complaintOf(
    refused(
      'validation_failed',
      'body.steps[0] must match pattern "^[a-z][a-z0-9_]{0,63}$" or must be object; body.priority must be one of urgent, normal, low; body.x must match pattern "^.$"',
      [
        { path: 'body.steps[0]', message: 'must match pattern "^[a-z][a-z0-9_]{0,63}$" or must be object' },
        { path: 'body.priority', message: 'must be one of urgent, normal, low' },
        { path: 'body.x', message: 'must match pattern "^.$"' },
      ],
    ),
  );
  assert.equal(
    text,
    [
      'It cannot be carried out:',
      '  step 1: is not a name: small letters, digits and _, such as pipette_transfer',
      '  priority: must be one of urgent, normal, low',
      '  x: is not written as it has to be',
    ].join('\n'),
  );
});

test('a sentence of its own stays, and the faults that it does not tell stand below', () => {
  const faults = [{ path: 'values.weight', message: 'must be a number' }];
  assert.equal(
    complaintOf(refused('some_code', 'The form is not complete.', faults)).text,
    'The form is not complete.\n  values.weight: must be a number'.replace('values.weight', 'values, weight'),
  );
});

test('routes are left out, the facts stay', () => {
  for (const [detail, said] of [
    [
      'incubator-1 is in maintenance. Queue with POST /devices/incubator-1/queue: it is handed out when it is back.',
      'incubator-1 is in maintenance.',
    ],
    ['There is no task 5. `GET /tasks` lists them.', 'There is no task 5.'],
    ['there is no sample S9: POST /samples or import it first', 'there is no sample S9'],
    ['A sample S9 exists already; `GET /samples/S9` shows it.', 'A sample S9 exists already.'],
    ['POST /x is all there is.', 'POST /x is all there is.'],
  ] as const)
    assert.equal(withoutRoutes(detail), said);
});

test('programs have the refusal as the service answered it', () => {
  const { text, code } = complaintOf(refused('device_busy', 'Busy.'), true);
  assert.equal((JSON.parse(text) as { code: string }).code, 'device_busy');
  assert.equal(code, 1);
});
