import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One import as it stands in a file, what it leads to, and the rule that must report it (none: it is allowed). */
interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly to: string;
  readonly rule?: string;
}

const workspaces: Record<string, string> = {
  kernel: 'kernel',
  bench: 'bench',
  'contracts/devices': 'contract-devices',
  'contracts/workflows': 'contract-workflows',
  'drivers/kit': 'driver-kit',
  'drivers/sim': 'driver-sim',
  'drivers/other': 'driver-other',
  'engine/jobs': 'jobs',
  'services/devices': 'devices',
  'services/workflows': 'workflows',
  'apps/device-service': 'device-service',
  'apps/web': 'web',
  'sdk/typescript': 'client',
};

/** What the rules must let pass. Without these a rule that forbids everything would look like a good one. */
const allowed: readonly Import[] = [
  { from: 'kernel/clock.test.ts', specifier: './testing.ts', to: 'kernel/testing.ts' },
  { from: 'kernel/log.ts', specifier: 'declared', to: 'node_modules/declared/index.js' },
  { from: 'contracts/devices/index.ts', specifier: '@labwright/kernel/clock', to: 'kernel/clock.ts' },
  {
    from: 'contracts/workflows/index.ts',
    specifier: '@labwright/contract-devices',
    to: 'contracts/devices/index.ts',
  },
  { from: 'drivers/kit/index.ts', specifier: '@labwright/kernel/clock', to: 'kernel/clock.ts' },
  { from: 'drivers/kit/conformance.ts', specifier: './index.ts', to: 'drivers/kit/index.ts' },
  { from: 'drivers/sim/index.ts', specifier: '@labwright/driver-kit', to: 'drivers/kit/index.ts' },
  {
    from: 'drivers/sim/sim.test.ts',
    specifier: '@labwright/driver-kit/conformance',
    to: 'drivers/kit/conformance.ts',
  },
  { from: 'drivers/sim/sim.test.ts', specifier: 'for-tests', to: 'node_modules/for-tests/index.js' },
  { from: 'engine/jobs/index.ts', specifier: '@labwright/kernel/clock', to: 'kernel/clock.ts' },
  { from: 'engine/jobs/transports/postgres.ts', specifier: '../index.ts', to: 'engine/jobs/index.ts' },
  {
    from: 'services/devices/index.ts',
    specifier: '@labwright/contract-devices',
    to: 'contracts/devices/index.ts',
  },
  { from: 'services/devices/index.ts', specifier: '@labwright/driver-kit', to: 'drivers/kit/index.ts' },
  { from: 'services/devices/index.ts', specifier: '@labwright/jobs', to: 'engine/jobs/index.ts' },
  { from: 'services/devices/index.ts', specifier: '@labwright/kernel/clock', to: 'kernel/clock.ts' },
  { from: 'services/devices/book.test.ts', specifier: '@labwright/driver-sim', to: 'drivers/sim/index.ts' },
  { from: 'services/devices/book.test.ts', specifier: '@labwright/kernel/testing', to: 'kernel/testing.ts' },
  {
    from: 'apps/device-service/main.ts',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  { from: 'apps/device-service/main.ts', specifier: '@labwright/driver-sim', to: 'drivers/sim/index.ts' },
  {
    from: 'apps/device-service/main.ts',
    specifier: '@labwright/jobs/transports/postgres',
    to: 'engine/jobs/transports/postgres.ts',
  },
  { from: 'apps/web/index.ts', specifier: '@labwright/contract-devices', to: 'contracts/devices/index.ts' },
  { from: 'apps/web/index.ts', specifier: '@labwright/client', to: 'sdk/typescript/index.ts' },
  { from: 'apps/web/pages.test.ts', specifier: '@labwright/kernel/testing', to: 'kernel/testing.ts' },
  { from: 'apps/web/page.tsx', specifier: 'for-tests', to: 'node_modules/for-tests/index.js' },
  {
    from: 'sdk/typescript/client.test.ts',
    specifier: '@labwright/device-service/main',
    to: 'apps/device-service/main.ts',
  },
  { from: 'bench/main.ts', specifier: '@labwright/devices', to: 'services/devices/index.ts' },
];

/** At least one bad import for each rule; of a cycle, the import that starts in the file named first. */
const forbidden: readonly Required<Import>[] = [
  {
    rule: 'kernel-imports-nothing-of-ours',
    from: 'kernel/knows-a-service.ts',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  {
    rule: 'engine-imports-kernel-alone',
    from: 'engine/jobs/knows-a-contract.ts',
    specifier: '@labwright/contract-devices',
    to: 'contracts/devices/index.ts',
  },
  {
    rule: 'contracts-import-contracts-and-kernel',
    from: 'contracts/devices/knows-its-service.ts',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  {
    rule: 'drivers-import-kit-and-kernel',
    from: 'drivers/sim/knows-a-contract.ts',
    specifier: '@labwright/contract-devices',
    to: 'contracts/devices/index.ts',
  },
  {
    rule: 'drivers-never-meet',
    from: 'drivers/other/knows-sim.ts',
    specifier: '@labwright/driver-sim',
    to: 'drivers/sim/index.ts',
  },
  {
    rule: 'drivers-never-meet',
    from: 'drivers/kit/knows-sim.ts',
    specifier: '@labwright/driver-sim',
    to: 'drivers/sim/index.ts',
  },
  {
    rule: 'services-never-meet',
    from: 'services/workflows/knows-devices.ts',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  {
    rule: 'services-never-meet',
    from: 'services/workflows/even-in-a.test.ts',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  {
    rule: 'services-import-no-app',
    from: 'services/devices/knows-an-app.ts',
    specifier: '@labwright/device-service/main',
    to: 'apps/device-service/main.ts',
  },
  {
    rule: 'only-apps-name-a-driver',
    from: 'services/devices/names-sim.ts',
    specifier: '@labwright/driver-sim',
    to: 'drivers/sim/index.ts',
  },
  {
    rule: 'only-apps-name-a-transport',
    from: 'services/devices/names-postgres.ts',
    specifier: '@labwright/jobs/transports/postgres',
    to: 'engine/jobs/transports/postgres.ts',
  },
  {
    rule: 'web-imports-contracts-alone',
    from: 'apps/web/knows-kernel.ts',
    specifier: '@labwright/kernel/clock',
    to: 'kernel/clock.ts',
  },
  {
    rule: 'web-imports-contracts-alone',
    from: 'apps/web/src/knows-a-service.tsx',
    specifier: '@labwright/devices',
    to: 'services/devices/index.ts',
  },
  {
    rule: 'sdk-imports-nothing-of-ours',
    from: 'sdk/typescript/knows-kernel.ts',
    specifier: '@labwright/kernel/clock',
    to: 'kernel/clock.ts',
  },
  {
    rule: 'services-import-no-app',
    from: 'services/devices/asks-from-outside.ts',
    specifier: '@labwright/client',
    to: 'sdk/typescript/index.ts',
  },
  {
    rule: 'tools-are-not-imported',
    from: 'apps/device-service/knows-bench.ts',
    specifier: '@labwright/bench/main',
    to: 'bench/main.ts',
  },
  {
    rule: 'testing-stays-in-tests',
    from: 'services/devices/ships-a-test-database.ts',
    specifier: '@labwright/kernel/testing',
    to: 'kernel/testing.ts',
  },
  {
    rule: 'testing-stays-in-tests',
    from: 'drivers/sim/ships-the-suite.ts',
    specifier: '@labwright/driver-kit/conformance',
    to: 'drivers/kit/conformance.ts',
  },
  {
    rule: 'workspaces-are-imported-by-name',
    from: 'services/devices/climbs-over.ts',
    specifier: '../../kernel/clock.ts',
    to: 'kernel/clock.ts',
  },
  {
    rule: 'packages-are-declared',
    from: 'services/devices/takes-what-lies-around.ts',
    specifier: 'undeclared',
    to: 'node_modules/undeclared/index.js',
  },
  {
    rule: 'packages-are-declared',
    from: 'services/devices/takes-from-the-kernel.ts',
    specifier: 'declared',
    to: 'node_modules/declared/index.js',
  },
  {
    rule: 'no-development-packages',
    from: 'services/devices/ships-a-tool.ts',
    specifier: 'for-tests',
    to: 'node_modules/for-tests/index.js',
  },
  {
    rule: 'no-cycles',
    from: 'services/devices/egg.ts',
    specifier: './hen.ts',
    to: 'services/devices/hen.ts',
  },
  {
    rule: 'no-dead-ends',
    from: 'services/devices/imports-nothing.ts',
    specifier: '@labwright/kernel/no-such-door',
    to: '@labwright/kernel/no-such-door',
  },
];

const roundTrips = {
  // What the planted cycle goes back by.
  'services/devices/hen.ts': "import './egg.ts';\n",
  // Types may go round.
  'services/workflows/shape.ts': "import type { T } from './form.ts';\nexport type S = T[];\n",
  'services/workflows/form.ts': "import type { S } from './shape.ts';\nexport type T = S | 1;\n",
};

/** How a violation is named here and in the report of the check. */
export const named = (rule: string, from: string, to: string) => `${rule}: ${from} → ${to}`;

export const planted: readonly { rule: string; name: string }[] = forbidden.map(({ rule, from, to }) => ({
  rule,
  name: named(rule, from, to),
}));

export const rooms = [...new Set(Object.keys(workspaces).map((path) => path.split('/')[0] ?? path))];

/** Writes the small laboratory, good and bad imports alike, into an empty folder. */
export async function layOut(folder: string): Promise<void> {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const manifest = (path: string, content: object) =>
    write(join(path, 'package.json'), JSON.stringify({ version: '1.0.0', ...content }));

  await manifest('.', {
    name: 'small-laboratory',
    workspaces: Object.keys(workspaces),
    devDependencies: { 'for-tests': '1.0.0' },
  });
  const names = Object.values(workspaces).map((name) => [`@labwright/${name}`, '1.0.0'] as const);
  for (const [path, name] of Object.entries(workspaces)) {
    const packages = path === 'kernel' ? { declared: '1.0.0' } : Object.fromEntries(names);
    await manifest(path, {
      name: `@labwright/${name}`,
      type: 'module',
      exports: { '.': './index.ts', './*': './*.ts' },
      dependencies: packages,
    });
    await mkdir(join(folder, 'node_modules/@labwright'), { recursive: true });
    await symlink(join(folder, path), join(folder, 'node_modules/@labwright', name));
  }
  for (const name of ['declared', 'undeclared', 'for-tests']) {
    await manifest(`node_modules/${name}`, { name, main: 'index.js' });
    await write(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }

  const files = new Map<string, string>(Object.entries(roundTrips));
  for (const { from, specifier, to } of [...allowed, ...forbidden]) {
    files.set(from, `${files.get(from) ?? ''}import '${specifier}';\n`);
    if (to.endsWith('.ts') && !files.has(to)) files.set(to, '');
  }
  for (const [path, text] of files) await write(path, `${text}export {};\n`);
}
