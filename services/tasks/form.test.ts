import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Office, openOffice } from './testing/office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

const form = [
  { type: 'text', name: 'remark', label: 'Remark', max_length: 5 },
  { type: 'number', name: 'volume', label: 'Volume', unit: 'uL', minimum: 0.5, maximum: 200 },
  { type: 'number', name: 'plates', label: 'Plates', whole: true },
  { type: 'choice', name: 'colour', label: 'Colour', options: ['red', 'blue'] },
  { type: 'yes_no', name: 'sealed', label: 'Sealed?' },
  { type: 'barcode', name: 'plate', label: 'Plate', expected: ['PLATE-1', 'PLATE-2'] },
  { type: 'date', name: 'expiry', label: 'Expiry', earliest: '2026-01-01', latest: '2027-12-31' },
  { type: 'text', name: 'more', label: 'More', optional: true },
];
const good = {
  remark: 'fine',
  volume: 200,
  plates: 3,
  colour: 'blue',
  sealed: false,
  plate: 'PLATE-2',
  expiry: '2026-02-28',
};

const complete = (id: string, values: unknown) =>
  office.ask('olga', 'POST', `/tasks/${id}/complete`, { values });

test('a form that is filled in as it should be', async () => {
  const { id } = await office.task({ fields: form });
  const answer = await complete(id, good);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.values, good);
});

test('400 invalid_values: each value that will not do, by its place; the task stays as it is', async () => {
  const { id } = await office.task({ fields: form });
  const bad: Record<string, [value: unknown, message: RegExp][]> = {
    remark: [
      [7, /text/],
      ['  ', /empty/],
      ['too long', /at most 5/],
    ],
    volume: [
      ['20', /number \(uL\)/],
      [0.4, /at least 0.5 uL/],
      [200.1, /at most 200 uL/],
    ],
    plates: [[1.5, /whole/]],
    colour: [
      ['green', /red, blue/],
      [true, /red, blue/],
    ],
    sealed: [['yes', /true or false/]],
    plate: [
      ['PLATE-3', /PLATE-1, PLATE-2/],
      ['with space', /barcode/],
    ],
    expiry: [
      ['2026-02-30', /YYYY-MM-DD/],
      ['2025-12-31', /before 2026-01-01/],
      ['2028-01-01', /after 2027-12-31/],
    ],
    stranger: [['x', /no field/]],
  };
  for (const [name, values] of Object.entries(bad))
    for (const [value, message] of values) {
      const { status, body } = await complete(id, { ...good, [name]: value });
      assert.equal(status, 400, `${name}: ${value}`);
      assert.equal(body.code, 'invalid_values');
      assert.deepEqual(
        body.faults.map(({ path }) => path),
        [`body.values.${name}`],
      );
      assert.match(body.faults[0]?.message ?? '', message);
    }
  const none = await complete(id, {});
  assert.deepEqual(
    none.body.faults.map(({ path }) => path.replace('body.values.', '')),
    ['remark', 'volume', 'plates', 'colour', 'sealed', 'plate', 'expiry'],
  );
  assert.partialDeepStrictEqual((await office.ask('vera', 'GET', `/tasks/${id}`)).body, {
    status: 'open',
    version: 1,
  });
});

test('names that JavaScript gives to every object are names like any other', async () => {
  const { id } = await office.task({
    fields: [{ type: 'text', name: 'constructor', label: 'Who built it' }],
  });
  assert.equal((await complete(id, {})).body.faults[0]?.path, 'body.values.constructor');
  assert.equal((await complete(id, { constructor: 'Ada' })).status, 200);
});

test('400 invalid_task: a form that contradicts itself', async () => {
  const field = { name: 'a', label: 'A' };
  const bad: [object[], string][] = [
    [
      [
        { ...field, type: 'text' },
        { ...field, type: 'date' },
      ],
      'body.fields[1].name',
    ],
    [[{ ...field, type: 'number', minimum: 2, maximum: 1 }], 'body.fields[0].minimum'],
    [[{ ...field, type: 'choice' }], 'body.fields[0].options'],
    [[{ ...field, type: 'text', unit: 'uL' }], 'body.fields[0].unit'],
    [[{ ...field, type: 'date', earliest: '2026-02-30' }], 'body.fields[0].earliest'],
    [[{ ...field, type: 'date', earliest: '2027-01-01', latest: '2026-01-01' }], 'body.fields[0].earliest'],
  ];
  const { id } = await office.task();
  for (const [fields, path] of bad)
    for (const answer of [
      await office.ask('ada', 'POST', '/tasks', { title: 'x', fields }),
      await office.ask('ada', 'PATCH', `/tasks/${id}`, { version: 1, fields }),
    ]) {
      assert.equal(answer.status, 400, path);
      assert.equal(answer.body.code, 'invalid_task');
      assert.deepEqual(
        answer.body.faults.map((fault) => fault.path),
        [path],
      );
    }
});

test('what cannot be stored, or is no time, is one clear 400', async () => {
  const bad: object[] = [
    { title: 'a\0b' },
    { title: '' },
    { title: 'x', due_at: '2026-02-30T00:00:00Z' },
    { title: 'x', due_at: 'tomorrow' },
    { title: 'x', due_at: '0000-01-01T00:00:00Z' },
    { title: 'x', fields: [{ type: 'riddle', name: 'a', label: 'A' }] },
    { title: 'x', assignee: { person: 'olga', role: 'admin' } },
    { title: 'x', assignee: {} },
    { title: 'x', instructions: 'y'.repeat(20_001) },
    { title: 'x', nonsense: true },
  ];
  for (const body of bad) {
    const answer = await office.ask('ada', 'POST', '/tasks', body);
    assert.equal(answer.status, 400, JSON.stringify(body).slice(0, 80));
    assert.equal(answer.body.code, 'validation_failed');
  }
});
