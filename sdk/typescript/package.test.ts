/** The package as it is installed elsewhere: built, packed, unpacked beside nothing of this repository, and used by plain Node and by tsc. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ClientLab, openClientLab } from './testing/lab.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const require = createRequire(import.meta.url);

let folder: string;
let installed: string;
let lab: ClientLab;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-client-'));
  const built = join(folder, 'built');
  await run(process.execPath, [join(here, 'build.ts'), built]);
  const { stdout } = await run('npm', ['pack', built, '--pack-destination', folder, '--json'], {
    cwd: folder,
  });
  const [{ filename }] = JSON.parse(stdout);
  installed = join(folder, 'project/node_modules/@labwright/client');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  await writeFile(join(folder, 'project/package.json'), '{"type":"module"}');
  lab = await openClientLab();
});
after(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

test('it holds JavaScript, declarations, README and licence, and nothing that only tests need', async () => {
  const files = (await readdir(installed, { recursive: true })).filter((name) => /\.\w+$|LICENSE/.test(name));
  for (const wanted of ['index.js', 'index.d.ts', 'generated/hub-service.d.ts', 'README.md', 'LICENSE'])
    assert.ok(files.includes(wanted), wanted);
  assert.deepEqual(
    files.filter((name) => /test|testing|(?<!\.d)\.ts$/.test(name)),
    [],
  );
  const { dependencies, private: secret } = JSON.parse(
    await readFile(join(installed, 'package.json'), 'utf8'),
  );
  assert.deepEqual(Object.keys(dependencies), ['socket.io-client']);
  assert.equal(secret, undefined);
});

test('plain Node imports it and reaches the laboratory; nothing else has to be installed for that', async () => {
  const program = join(folder, 'project/use.js');
  await writeFile(
    program,
    `import { createClient, isLabwrightError } from '@labwright/client';
     const lab = createClient(${JSON.stringify(lab.urls)});
     for await (const device of lab.devices.list({ limit: 2 })) console.log(device.id);
     await lab.devices.get('none').catch((error) => console.log(isLabwrightError(error, 'device_not_found')));`,
  );
  const { stdout } = await run(process.execPath, [program]);
  assert.match(stdout, /liquid-handler-1\n/);
  assert.match(stdout, /true\n$/);
});

test('tsc finds its types, strict, as a browser has them', async () => {
  const program = join(folder, 'project/use.ts');
  const use = (status: string) => `
    import { createClient, type Device, LabwrightError } from '@labwright/client';
    import type { components } from '@labwright/client/openapi/device-service';
    const lab = createClient({ token: async () => 'lw_…' });
    export const free: Device[] = await lab.devices.list({ status: '${status}' }).toArray(10);
    export const one: components['schemas']['Device'] | undefined = free[0];
    export const steps = (await lab.workflows.get('x')).steps.map(({ operation }) => operation.length);
    for await (const { type, cursor } of lab.events.workflows()) if (type === 'step.changed') console.log(cursor);
    try { await lab.call('hub-service', 'GET', '/me'); } catch (error) { if (error instanceof LabwrightError) console.log(error.code); }
  `;
  const tsc = require.resolve('typescript/bin/tsc');
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2023',
    module: 'nodenext',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
  };
  await writeFile(
    join(folder, 'project/tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['use.ts'] }),
  );
  const check = async (text: string) => {
    await writeFile(program, text);
    return run(process.execPath, [tsc, '-p', join(folder, 'project')]).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  };
  // Its declarations need those of the library that carries live events, where they are looked into.
  const carrier = fileURLToPath(import.meta.resolve('socket.io-client')).replace(
    /(socket\.io-client).*/,
    '$1',
  );
  await symlink(carrier, join(folder, 'project/node_modules/socket.io-client')).catch(() => {});
  assert.equal(await check(use('available')), '');
  assert.match(await check(use('on fire')), /"on fire"|'on fire'|on fire/);
});
