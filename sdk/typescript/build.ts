/**
 * Makes the package that is installed outside of this repository: JavaScript and declarations, for Node and browsers.
 *
 *     npm run build -w @labwright/client && npm pack ./sdk/typescript/dist
 *
 * Within the repository the sources are imported as they are; an argument names another folder than `dist`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const here = import.meta.dirname;
const folder = resolve(process.argv[2] ?? join(here, 'dist'));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync(folder, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [tsc, '-p', join(here, 'tsconfig.build.json'), '--outDir', folder],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);

const { name, version, description, license, type, dependencies } = JSON.parse(
  readFileSync(join(here, 'package.json'), 'utf8'),
);
const door = (file: string) => ({ types: `./${file}.d.ts`, default: `./${file}.js` });
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify(
    {
      name,
      version,
      description,
      license,
      type,
      sideEffects: false,
      engines: { node: '>=20' },
      exports: { '.': door('index'), './openapi/*': door('generated/*') },
      dependencies,
    },
    null,
    2,
  )}\n`,
);
cpSync(join(here, 'README.md'), join(folder, 'README.md'));
cpSync(join(here, '../../LICENSE'), join(folder, 'LICENSE'));
