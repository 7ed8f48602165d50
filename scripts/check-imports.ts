/**
 * Checks who imports whom against `.dependency-cruiser.mjs`, and then proves that this check can fail: the same
 * rules run over a small laboratory in a temporary folder, with a bad import planted for every rule. Exactly the
 * planted ones must be reported, each under the name of its rule.
 *
 *     npm run imports
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { layOut, named, planted, rooms } from './check-imports/planted.ts';

const root = resolve(import.meta.dirname, '..');
const options = await extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));
const rules: readonly IForbiddenRuleType[] = options.ruleSet?.forbidden ?? [];

const faults = [...(await checkTree()), ...(await proveRules())];
for (const fault of faults) console.error(`✗ ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The real tree: every folder that holds workspaces, and the scripts. */
async function checkTree(): Promise<string[]> {
  const manifest: { workspaces: string[] } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const folders = new Set([...manifest.workspaces.map((path) => path.replace(/\/.*/, '')), 'scripts']);
  const missing = [...folders].filter((folder) => !existsSync(join(root, folder)));
  if (missing.length > 0) return [`There is no ${missing.join(', no ')} to read imports from.`];

  const { modules, summary } = await read(root, [...folders]);
  const imports = modules.flatMap(({ dependencies }) => dependencies);
  const crossings = imports.filter(({ dependencyTypes }) => dependencyTypes.includes('aliased-workspace'));
  console.log(
    `${modules.length} modules with ${imports.length} imports, ${crossings.length} of them between workspaces; ${rules.length} rules`,
  );
  const faults = summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle?.map(({ name }) => name).join(' → ') ?? to;
    const why = rules.find(({ name }) => name === rule.name)?.comment ?? '';
    return `${named(rule.name, from, path)}\n    ${why}`;
  });
  // A reader that reads nothing finds nothing wrong.
  if (modules.length === 0) faults.push('Not one module was read.');
  if (imports.length === 0) faults.push('Not one import was read.');
  if (crossings.length === 0) faults.push('Not one import was followed from one workspace into another.');
  return faults;
}

/** The small laboratory: exactly the planted imports must be found. */
async function proveRules(): Promise<string[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'labwright-imports-')));
  try {
    await layOut(folder);
    const { summary } = await read(folder, rooms);
    const found = new Set(
      summary.violations.map(({ rule, from, to, cycle }) => {
        // A cycle is reported once, from any of its files.
        const [first = '', second = ''] = cycle ? [from, to].sort() : [from, to];
        return named(rule.name, first, second);
      }),
    );
    const wanted = new Set(planted.map(({ name }) => name));
    const proven = new Set(planted.map(({ rule }) => rule));
    const faults = [
      ...[...wanted]
        .filter((name) => !found.has(name))
        .map((name) => `This planted import was not reported: ${name}`),
      ...[...found]
        .filter((name) => !wanted.has(name))
        .map((name) => `This import is allowed, yet was reported: ${name}`),
      ...rules
        .filter(({ name }) => !proven.has(name ?? ''))
        .map(({ name }) => `No bad import is planted for the rule ${name}.`),
    ];
    if (faults.length === 0) console.log(`all ${wanted.size} planted bad imports were reported`);
    return faults;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(folder: string, paths: string[]): Promise<ICruiseResult> {
  const { output } = await cruise(paths, { ...options, baseDir: folder });
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered with text: ${output}`);
  return output;
}
