// Run by `npm run lock`. npm leaves packages for other platforms out of the lock file where the registry at hand does not
// carry them; `npm ci` then refuses the file everywhere. Here they are added with their exact versions, as optional.
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const known = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')));

const operatingSystem = /(?:^|-)(linux|darwin|win32|android|freebsd|openharmony)(?:-|$)/;
const processor = /(?:^|-)(arm64|x64|ia32|ppc64|riscv64|s390x|arm)(?:-|$)/;

for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (known.has(name)) continue;
    known.add(name);
    const platform = name.replace(/^.*\/(cli-|binding-)?/, '');
    const os = operatingSystem.exec(platform)?.[1];
    const cpu = processor.exec(platform)?.[1];
    const libc = platform.includes('musl') ? 'musl' : 'glibc';
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(os === 'linux' ? { libc: [libc] } : {}),
      license: entry.license,
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    process.stdout.write(`added ${name}@${version}\n`);
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
