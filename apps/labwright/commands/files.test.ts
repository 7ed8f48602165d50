/** Files sent, listed and fetched at the terminal, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { StoredFile } from '@labwright/contract-hub/files';
import { eventually } from '@labwright/kernel/testing';
import { openLab, sayWho, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;
let folder: string;

before(async () => {
  lab = await openLab({ identity: sayWho });
  env = { ...placesOf(lab), LABWRIGHT_TOKEN: 'scientist', NO_COLOR: '1' };
  folder = await mkdtemp(join(tmpdir(), 'labwright-files-'));
});
after(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

const { run, ok, asJson } = commandLine(() => env);
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const put = async (name: string, data: string | Buffer) => {
  const path = join(folder, name);
  await writeFile(path, data);
  return path;
};

const table = 'well,value\nA1,0.5\nA2,0.75\n';

test('a file is sent with its checksum, read, listed, shown and fetched again', async () => {
  const path = await put('absorbance.csv', table);
  const id = (await ok(`files upload ${path} --workflow 4711 --plate P-1`)).trim();
  assert.match(id, /^[0-9a-f-]{36}$/);
  const file = await eventually('its results are read', async () => {
    const one = await asJson<StoredFile>(`files show ${id}`);
    return one.results_status === 'done' ? one : undefined;
  });
  assert.deepEqual(
    [
      file.status,
      file.content_type,
      file.size,
      file.sha256,
      file.workflow_id,
      file.plate_id,
      file.results_count,
    ],
    ['ready', 'text/csv', table.length, sha256(table), '4711', 'P-1', 2],
  );
  assert.match(await ok(`files show ${id}`), new RegExp(`^SHA-256 +${sha256(table)}$`, 'm'));
  assert.match(
    await ok('files --workflow 4711'),
    new RegExp(`^id .*\n${id} +ready +26 B +2 values +\\d+ s ago +the scientist +absorbance.csv\n$`),
  );
  const ids = async (args: string, token = 'scientist') =>
    (await asJson<StoredFile[]>(`files ${args} --token ${token}`)).map((one) => one.id);
  assert.deepEqual([await ids('--mine'), await ids('--mine', 'operator')], [[id], []]);
  assert.deepEqual([await ids('--plate P-1'), await ids('--plate P-2')], [[id], []]);
  const target = join(folder, 'fetched');
  await mkdir(target);
  assert.match(
    await ok(`files download ${id} -o ${target}`),
    new RegExp(`absorbance.csv: 26 B, SHA-256 ${sha256(table)}\\.\n$`),
  );
  assert.equal(await readFile(join(target, 'absorbance.csv'), 'utf8'), table);
  assert.equal(await ok(`files download ${id} -o -`), table);
  const there = await run(`files download ${id} -o ${target}`);
  assert.equal(there.code, 2);
  assert.match(there.told, /There is a file .*absorbance\.csv already: --force/);
  await writeFile(join(target, 'absorbance.csv'), 'old');
  await ok(`files download ${id} -o ${target} --force`);
  assert.equal(await readFile(join(target, 'absorbance.csv'), 'utf8'), table);
  assert.match(await ok(`files delete ${id}`), /^absorbance\.csv is deleted\.$/m);
  assert.notEqual((await run(`files download ${id} -o ${join(folder, 'gone')}`)).code, 0);
});

test('what a large file has come to is shown, in pieces and back', async () => {
  const data = randomBytes(11 * 1024 * 1024);
  const path = await put('raw.bin', data);
  const sent = await run(`files upload ${path} --results none`);
  assert.equal(sent.code, 0, sent.told);
  assert.match(sent.told, /8\.4 MB of 12 MB of raw\.bin sent[\s\S]*12 MB of 12 MB of raw\.bin sent\n$/);
  const target = join(folder, 'raw.again');
  const fetched = await run(`files download ${sent.said.trim()} -o ${target}`);
  assert.match(fetched.told, /12 MB of 12 MB of raw\.bin received\n$/);
  assert.ok(data.equals(await readFile(target)));
});

test('lines that cannot be read are told with the file, which is kept', async () => {
  const path = await put('bad.csv', 'well,value\nA1,much\nA2,1\n');
  const id = (await ok(`files upload ${path} --plate P-3 --results required`)).trim();
  const text = await eventually('its faults are told', async () => {
    const shown = await ok(`files show ${id}`);
    return /^results +failed/m.test(shown) ? shown : undefined;
  });
  assert.match(text, /^status +ready$/m);
  assert.match(text, /line +column +what is wrong\n +2 +value +/);
});

test('several at once: those before the one that failed are there, and told', async () => {
  const [first, second] = [await put('one.txt', 'one'), await put('two.txt', 'two')];
  const both = JSON.parse(await ok(`files upload ${first} ${second} --results none --json`)) as StoredFile[];
  assert.deepEqual(
    both.map(({ name, content_type, status }) => [name, content_type, status]),
    [
      ['one.txt', 'text/plain', 'ready'],
      ['two.txt', 'text/plain', 'ready'],
    ],
  );
  const half = await run(`files upload ${first} ${join(folder, 'none.txt')} --json`);
  assert.equal(half.code, 2);
  assert.match(half.told, /There is no file .*none\.txt/);
  assert.equal((JSON.parse(half.said) as StoredFile[]).length, 1);
});

test('what cannot be sent: a sentence, and the exit code of its kind', async () => {
  const path = await put('photo.jpg', 'no photograph');
  const wrong = await run(`files upload ${path}`);
  assert.equal(wrong.code, 1);
  assert.match(wrong.told, /photo\.jpg was not taken: /);
  const empty = await put('empty.csv', '');
  for (const args of [
    `upload ${empty}`,
    `upload ${folder}`,
    `upload ${path} --results perhaps`,
    `upload ${path} ${path} --name x`,
    '--mine --plate P-1',
  ])
    assert.equal((await run(`files ${args}`)).code, 2, args);
  assert.equal((await run(`files upload ${path} --token viewer`)).code, 5);
  assert.equal((await run(`files upload ${path} --type video/mp4`)).code, 1);
  const missing = await run('files show 00000000-0000-4000-8000-000000000000');
  assert.equal(missing.code, 6);
  assert.match(missing.told, /labwright files lists the files/);
});

test('bytes that are not those of the file are not kept', async () => {
  const path = await put('right.txt', 'right');
  const [file] = JSON.parse(await ok(`files upload ${path} --results none --json`)) as StoredFile[];
  assert.ok(file);
  const liar = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/bytes' ? 'text/plain' : 'application/json');
    if (request.url === '/bytes') return void response.end('wrong');
    const answer = request.method === 'POST' ? { url: '/bytes', expires_at: file.expires_at } : file;
    response.writeHead(request.method === 'POST' ? 201 : 200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
  const target = join(folder, 'lies');
  await mkdir(target);
  const at = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  const { code, told } = await run(`files download ${file.id} -o ${target} --url ${at}`);
  liar.close();
  assert.equal(code, 1);
  assert.match(
    told,
    new RegExp(`is ${sha256('wrong')}, and should be ${sha256('right')}\\. Nothing was kept`),
  );
  assert.deepEqual(await readdir(target), []);
});
