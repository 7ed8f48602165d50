import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { findSamplesByBarcode, samplesOfWorkflows } from './index.ts';
import { emptyTables, type SamplesServer, startSamplesServer } from './testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());
beforeEach(() => lab.database.db.execute(emptyTables));

const forgetKeys = command('samples.test.forget_keys', 'DELETE FROM idempotency_keys');

const add = async (barcode: string, more: object = {}) => {
  const answer = await lab.post('/samples', { barcode, sample_type: 'blood', ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
};
const plate = (id: string, size: object = {}) => lab.post('/plates', { id, ...size });

const insertUses = command(
  'samples.test.uses',
  `WITH made AS (
     INSERT INTO workflows (id, name, device_id, created_at)
     SELECT 'w-' || n, 'Run ' || n, 'reader-1', now() - n * interval '1 minute' FROM generate_series(1, 5) AS n
     RETURNING id, created_at
   )
   INSERT INTO workflow_samples (workflow_id, position, sample_id, added_at)
   SELECT made.id, 1, samples.id, made.created_at FROM made, samples WHERE samples.barcode = 'S-1'`,
);

describe('GET /samples/:barcode/workflows', () => {
  test('200: newest first, in pages', async () => {
    await add('S-1');
    await add('S-2');
    await lab.database.db.execute(insertUses);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { status, body } = await lab.get(`/samples/S-1/workflows?limit=2${more}`);
      assert.equal(status, 200);
      seen.push(...body.workflows.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ['w-1', 'w-2', 'w-3', 'w-4', 'w-5']);
    const none = await lab.get('/samples/S-2/workflows');
    assert.deepEqual(none.body, { workflows: [], next_cursor: null });
  });

  test('404 sample_not_found, 400 invalid_cursor', async () => {
    const unknown = await lab.get('/samples/S-9/workflows');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'sample_not_found']);
    await add('S-1');
    const bad = await lab.get('/samples/S-1/workflows?cursor=x');
    assert.deepEqual([bad.status, bad.body.code], [400, 'invalid_cursor']);
  });
});

describe('POST /samples', () => {
  test('201: the sample at the top level', async () => {
    await plate('P1');
    const answer = await lab.post('/samples', {
      barcode: 'S-1',
      sample_type: 'blood',
      plate_id: 'P1',
      well: 'H12',
      volume_ul: 12.5,
      metadata: { donor: 7 },
    });
    assert.equal(answer.status, 201);
    const { id, created_at, ...rest } = answer.body;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.match(created_at, /^\d{4}-.*Z$/);
    assert.deepEqual(rest, {
      barcode: 'S-1',
      sample_type: 'blood',
      plate_id: 'P1',
      well: 'H12',
      volume_ul: 12.5,
      metadata: { donor: 7 },
    });
    assert.deepEqual((await lab.get('/samples/S-1')).body, answer.body);
  });

  test('201: all but barcode and type may be left out', async () => {
    const { plate_id, well, volume_ul, metadata } = await add('S-1');
    assert.deepEqual(
      { plate_id, well, volume_ul, metadata },
      {
        plate_id: null,
        well: null,
        volume_ul: null,
        metadata: {},
      },
    );
  });

  test('400 validation_failed, with the path of each fault', async () => {
    const answer = await lab.post('/samples', {
      barcode: 'S 1',
      sample_type: 'Blood',
      volume_ul: -1,
      colour: 'red',
    });
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed']);
    assert.deepEqual(answer.body.faults.map((fault: { path: string }) => fault.path).sort(), [
      'body.barcode',
      'body.colour',
      'body.sample_type',
      'body.volume_ul',
    ]);
    const zero = await lab.post('/samples', {
      barcode: 'S-1',
      sample_type: 'blood',
      metadata: { a: '\u0000' },
    });
    assert.deepEqual([zero.status, zero.body.code], [400, 'validation_failed']);
  });

  test('400 invalid_sample: metadata that would fill the memory of every list', async () => {
    const answer = await lab.post('/samples', {
      barcode: 'S-1',
      sample_type: 'blood',
      metadata: { note: 'x'.repeat(17_000) },
    });
    assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_sample']);
    assert.equal(answer.body.faults[0].path, 'body.metadata');
  });

  test('400 invalid_sample: plate and well, both or neither, both real', async () => {
    await plate('P1');
    await plate('large', { rows: 32, columns: 48 });
    const refused: [object, string][] = [
      [{ plate_id: 'P1' }, 'body.well'],
      [{ well: 'A1' }, 'body.plate_id'],
      [{ plate_id: 'P9', well: 'A1' }, 'body.plate_id'],
      [{ plate_id: 'P1', well: 'I1' }, 'body.well'],
      [{ plate_id: 'P1', well: 'A13' }, 'body.well'],
      [{ plate_id: 'large', well: 'AG1' }, 'body.well'],
      [{ plate_id: 'large', well: 'AF49' }, 'body.well'],
    ];
    for (const [place, path] of refused) {
      const answer = await lab.post('/samples', { barcode: 'S-1', sample_type: 'blood', ...place });
      assert.deepEqual(
        [answer.status, answer.body.code, answer.body.faults[0].path],
        [400, 'invalid_sample', path],
      );
    }
    assert.equal(await lab.count(), 0);
    await add('S-1', { plate_id: 'large', well: 'AF48' });
  });

  test('409 sample_exists, 409 well_taken', async () => {
    await plate('P1');
    await add('S-1', { plate_id: 'P1', well: 'A1' });
    const same = await lab.post('/samples', { barcode: 'S-1', sample_type: 'saliva' });
    assert.deepEqual([same.status, same.body.code], [409, 'sample_exists']);
    const taken = await lab.post('/samples', {
      barcode: 'S-2',
      sample_type: 'blood',
      plate_id: 'P1',
      well: 'A1',
    });
    assert.deepEqual([taken.status, taken.body.code], [409, 'well_taken']);
    await add('S-2', { plate_id: 'P1', well: 'A2' });
  });

  test('of fifty at once with one barcode one is made', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => lab.post('/samples', { barcode: 'S-1', sample_type: 'blood' })),
    );
    const statuses = answers.map((answer) => answer.status).sort();
    assert.deepEqual(statuses, [201, ...Array.from({ length: 49 }, () => 409)]);
  });

  test('the same key again finds the sample, also where the first answer was lost', async () => {
    const request = { barcode: 'S-1', sample_type: 'blood' };
    const key = { 'idempotency-key': 'first' };
    const first = await lab.post('/samples', request, key);
    const replayed = await lab.post('/samples', request, key);
    assert.equal(replayed.headers['idempotency-replayed'], 'true');
    await lab.database.db.execute(forgetKeys);
    const again = await lab.post('/samples', request, key);
    assert.deepEqual([first.status, replayed.status, again.status], [201, 201, 201]);
    assert.deepEqual(replayed.body, first.body);
    assert.deepEqual(again.body, first.body);
    await lab.database.db.execute(forgetKeys);
    const other = await lab.post('/samples', { barcode: 'S-2', sample_type: 'blood' }, key);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    const without = await lab.post('/samples', request);
    assert.equal(without.status, 409);
  });
});

describe('GET /samples', () => {
  const barcodesOf = (body: { samples: { barcode: string }[] }) =>
    body.samples.map((sample) => sample.barcode);

  async function walk(query: string) {
    const pages: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await lab.get(`/samples?${query}${cursor ? `&cursor=${cursor}` : ''}`);
      assert.equal(answer.status, 200, answer.text);
      pages.push(barcodesOf(answer.body));
      cursor = answer.body.next_cursor;
    }
    return pages;
  }

  test('pages in the order of arrival, none twice, none left out', async () => {
    for (const barcode of ['Z', 'A', 'M', 'B', 'Y']) await add(barcode);
    assert.deepEqual(await walk('limit=2'), [['Z', 'A'], ['M', 'B'], ['Y']]);
    assert.deepEqual(await walk('limit=5'), [['Z', 'A', 'M', 'B', 'Y']]);
    assert.deepEqual(await walk(''), [['Z', 'A', 'M', 'B', 'Y']]);
    assert.equal('seq' in (await lab.get('/samples')).body.samples[0], false);
  });

  test('filters: type, plate, the beginning of the barcode, and all of them together', async () => {
    await plate('P1');
    await add('a-1', { sample_type: 'saliva', plate_id: 'P1', well: 'A1' });
    await add('B-3', { plate_id: 'P1', well: 'A2' });
    await add('B-1', { sample_type: 'saliva' });
    await add('B-2', { plate_id: 'P1', well: 'A3' });
    await add('B%_\\');
    await add('B~~');
    assert.deepEqual(await walk('sample_type=saliva&limit=1'), [['a-1'], ['B-1']]);
    assert.deepEqual(await walk('plate_id=P1&limit=2'), [['a-1', 'B-3'], ['B-2']]);
    assert.deepEqual(await walk('barcode_prefix=B-&limit=2'), [['B-1', 'B-2'], ['B-3']]);
    assert.deepEqual(await walk('barcode_prefix=B&limit=2'), [['B%_\\', 'B-1'], ['B-2', 'B-3'], ['B~~']]);
    assert.deepEqual(await walk(`barcode_prefix=${encodeURIComponent('B%')}`), [['B%_\\']]);
    assert.deepEqual(await walk('barcode_prefix=B-&sample_type=blood&plate_id=P1&limit=1'), [
      ['B-2'],
      ['B-3'],
    ]);
    assert.deepEqual(await walk('barcode_prefix=b'), [[]]);
    await add('b-2');
    assert.deepEqual(await walk('barcode_prefix=b-&any_case=true&limit=2'), [
      ['B-1', 'B-2'],
      ['b-2', 'B-3'],
    ]);
    assert.deepEqual(await walk('barcode_prefix=A-&any_case=true&sample_type=saliva'), [['a-1']]);
    assert.deepEqual(await walk('barcode_prefix=b-&any_case=false'), [['b-2']]);
    assert.deepEqual(await walk('plate_id=P7'), [[]]);
  });

  test('400: a cursor of other filters, a made-up one, a limit beyond 100, an unknown filter', async () => {
    for (const barcode of ['A', 'B']) await add(barcode);
    const { next_cursor } = (await lab.get('/samples?limit=1')).body;
    const made = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    for (const query of [
      `sample_type=blood&cursor=${next_cursor}`,
      'cursor=abc',
      `cursor=${next_cursor}x`,
      `cursor=${made(['samples', null, null, null, '1; DROP TABLE samples'])}`,
      `cursor=${made(['samples', null, null, null, '9'.repeat(30)])}`,
      `cursor=${made({})}`,
    ]) {
      const answer = await lab.get(`/samples?${query}`);
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_cursor'], query);
    }
    for (const query of ['limit=101', 'limit=0', 'barcode=A', 'barcode_prefix=']) {
      const answer = await lab.get(`/samples?${query}`);
      assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed'], query);
    }
  });

  test('GET /samples/{barcode}: any barcode can be asked for; 404 for the others', async () => {
    const odd = 'a/b?c=%20&"\'\\+#';
    await add(odd);
    assert.equal((await lab.get(`/samples/${encodeURIComponent(odd)}`)).body.barcode, odd);
    for (const barcode of ['S-404', '%00', '%F0%9F%A7%AA', 'x'.repeat(200)]) {
      const answer = await lab.get(`/samples/${barcode}`);
      assert.deepEqual([answer.status, answer.body.code], [404, 'sample_not_found'], barcode);
    }
  });
});

test('POST /samples/validate keeps the order and names each barcode once', async () => {
  await add('S-1');
  await add('S-2');
  const barcodes = ['S-2', 'nope', 'S-1', 'S-2', 'no\u0000pe', 'nope'];
  const expected = {
    valid: false,
    valid_barcodes: ['S-2', 'S-1'],
    invalid_barcodes: ['nope', 'no\u0000pe'],
  };
  assert.deepEqual((await lab.post('/samples/validate', { barcodes })).body, expected);
  assert.deepEqual((await lab.post('/samples/validate', { sample_barcodes: barcodes })).body, expected);
  const all = await lab.post('/samples/validate', { barcodes: ['S-1'] });
  assert.deepEqual([all.status, all.body.valid], [200, true]);
  for (const body of [{}, { barcodes: ['S-1'], sample_barcodes: ['S-1'] }, { barcodes: 'S-1' }]) {
    const answer = await lab.post('/samples/validate', body);
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed']);
  }
});

test('POST /samples/validate names the sample whose barcode is written in other case', async () => {
  for (const barcode of ['Sample-1', 'SAMPLE-1', 'Sample-2']) await add(barcode);
  const { body } = await lab.post('/samples/validate', {
    barcodes: ['sample-2', 'sample-9', 'sample-1', 'Sample-1'],
  });
  assert.deepEqual(body.invalid_barcodes, ['sample-2', 'sample-9', 'sample-1']);
  assert.deepEqual(body.similar_barcodes, [
    { given: 'sample-2', known: 'Sample-2' },
    { given: 'sample-1', known: 'SAMPLE-1' },
  ]);
});

test('findSamplesByBarcode: the order asked for, each once, unknown ones left out', async () => {
  for (const barcode of ['A', 'B', 'C']) await add(barcode);
  const found = await findSamplesByBarcode(lab.database.db, ['C', 'X', 'A', 'C', '\u0000']);
  assert.deepEqual(
    found.map((sample) => sample.barcode),
    ['C', 'A'],
  );
  assert.deepEqual(await findSamplesByBarcode(lab.database.db, []), []);
});

const addWorkflow = command(
  'samples.test.workflow',
  `WITH made AS (INSERT INTO workflows (id, name, device_id) VALUES ($1, $1, 'd1') RETURNING id)
   INSERT INTO workflow_samples (workflow_id, position, sample_id)
   SELECT made.id, place, samples.id
   FROM made, unnest($2::text[]) WITH ORDINALITY AS named (barcode, place) JOIN samples USING (barcode)`,
);

test('samplesOfWorkflows: by workflow, in the order in which it names them', async () => {
  for (const barcode of ['A', 'B', 'C']) await add(barcode);
  await lab.database.db.execute(addWorkflow, ['w2', ['C', 'A']]);
  await lab.database.db.execute(addWorkflow, ['w1', ['B', 'C', 'A']]);
  await lab.database.db.execute(addWorkflow, ['w3', ['A']]);
  const found = await samplesOfWorkflows(lab.database.db, ['w2', 'w1', 'w9']);
  assert.deepEqual(
    found.map((sample) => [sample.workflow_id, sample.barcode]),
    [
      ['w1', 'B'],
      ['w1', 'C'],
      ['w1', 'A'],
      ['w2', 'C'],
      ['w2', 'A'],
    ],
  );
  // It may be large, and there may be thousands of them.
  assert.ok(found[0] && !('metadata' in found[0]));
});
