/**
 * Which room may import from which. Imports go down only: apps → services → engine → kernel; contracts and
 * drivers/kit are what services share. `npm run imports` applies these rules, and then plants one bad import
 * for each of them and fails unless it is reported (scripts/check-imports.ts).
 */

/** Tests, and what only tests use: `*.test.ts`, and files or folders named testing, test-support or conformance. */
const tests = String.raw`\.test\.tsx?$|(^|/)(testing|test-support|conformance)(\.ts$|/)`;

/** One folder a workspace: what is captured is the path of the workspace itself. */
const workspace = '^(kernel|bench|(?:contracts|drivers|engine|services|apps|sdk|examples)/[^/]+)/';

const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    rule(
      'kernel-imports-nothing-of-ours',
      'The kernel lies under everything else.',
      { path: '^kernel/' },
      { path: '^(contracts|drivers|engine|services|apps|sdk)/' },
    ),
    rule(
      'engine-imports-kernel-alone',
      'The engine knows not one laboratory word.',
      { path: '^engine/' },
      { path: '^(contracts|drivers|services|apps|sdk)/' },
    ),
    rule(
      'contracts-import-contracts-and-kernel',
      'A contract is what services promise, never how they keep it.',
      { path: '^contracts/' },
      { path: '^(drivers|engine|services|apps|sdk)/' },
    ),
    rule(
      'drivers-import-kit-and-kernel',
      'A driver knows its instrument, not the laboratory.',
      { path: '^drivers/' },
      { path: '^(contracts|engine|services|apps|sdk)/' },
    ),
    rule(
      'drivers-never-meet',
      'Drivers share drivers/kit and nothing else; the kit knows none of them.',
      { path: '^drivers/([^/]+)/' },
      { path: '^drivers/', pathNot: '^drivers/(kit|$1)/' },
    ),
    rule(
      'services-never-meet',
      'Services meet only through contracts/.',
      { path: '^services/([^/]+)/' },
      { path: '^services/', pathNot: '^services/$1/' },
    ),
    rule(
      'services-import-no-app',
      'Apps wire services together, not the other way round; the client asks them from outside.',
      { path: '^services/' },
      { path: '^(apps|sdk)/' },
    ),
    rule(
      'only-apps-name-a-driver',
      'Which instruments there are is decided by the process: a service takes drivers as an argument.',
      { path: '^(contracts|engine|services)/', pathNot: tests },
      { path: '^drivers/', pathNot: '^drivers/kit/' },
    ),
    rule(
      'only-apps-name-a-transport',
      'Which transport carries the jobs is decided by the process: everything else takes the promise.',
      { pathNot: `^(apps|bench)/|/transports/|${tests}` },
      { path: '^engine/[^/]+/transports/' },
    ),
    rule(
      'web-imports-contracts-alone',
      'The browser UI knows contracts and the client, and nothing behind them.',
      { path: '^apps/web/', pathNot: tests },
      { path: workspace, pathNot: '^(contracts/|sdk/|apps/web/)' },
    ),
    rule(
      'sdk-imports-nothing-of-ours',
      'The client is installed where nothing else of ours is.',
      { path: '^sdk/', pathNot: tests },
      { path: workspace, pathNot: '^sdk/' },
    ),
    rule(
      'tools-are-not-imported',
      'bench/, examples/ and scripts/ are for developers; nothing that ships depends on them.',
      { pathNot: '^(bench|examples|scripts)/' },
      { path: '^(bench|examples|scripts)/' },
    ),
    rule(
      'testing-stays-in-tests',
      'Test databases, harnesses and conformance suites never reach production code.',
      { path: workspace, pathNot: tests },
      { path: tests },
    ),
    rule(
      'workspaces-are-imported-by-name',
      'A workspace is entered by a door of its package.json, `@labwright/…`, never by a relative path.',
      { path: workspace },
      { path: workspace, pathNot: '^$1/', dependencyTypesNot: ['aliased-workspace'] },
    ),
    rule(
      'packages-are-declared',
      'A package that no package.json of this workspace names is there by accident.',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'no-development-packages',
      'A production install has no devDependencies. What the browser UI is made of is needed where it is built, and nowhere else.',
      { path: workspace, pathNot: `^bench/|^apps/web/|${tests}` },
      { dependencyTypes: ['npm-dev'] },
    ),
    rule(
      'no-cycles',
      'Two files that need each other to run are one file, or three. Types may go round: they are erased.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'no-dead-ends',
      'Whatever is imported exists. Of `…?url` the build of the pages makes an address, and fails where it is not there.',
      {},
      { couldNotResolve: true, pathNot: String.raw`\?url$` },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What is built of the sources is not one.
    exclude: { path: '^apps/web/dist' },
    // Imports of types count: they couple as much as any other.
    tsPreCompilationDeps: true,
    // A workspace's own package.json and the root's together, as npm installs them.
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // As Node resolves an `import`; without it packages that are ES modules only are not found.
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.d.ts'],
    },
  },
};
