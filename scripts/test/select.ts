import { readdirSync, statSync } from 'node:fs';
import { join, matchesGlob, relative, resolve, sep } from 'node:path';

export interface Selection {
  /** Paths relative to the root, sorted, each once. */
  files: string[];
  /** For Node as they are. */
  flags: string[];
  /** Words that no test file answers to. */
  unmatched: string[];
}

/** Node's flags that may have their value as the next word. */
const flagsWithValue = new Set([
  '--test-concurrency',
  '--test-name-pattern',
  '--test-reporter',
  '--test-reporter-destination',
  '--test-shard',
  '--test-skip-pattern',
  '--test-timeout',
]);

/**
 * Divides a command line into Node's flags and words that name tests: a file, a folder, a glob, or a part of
 * a path. No word at all means every test below the root.
 */
export function selectTests(root: string, words: string[]): Selection {
  const flags: string[] = [];
  const patterns: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) {
      patterns.push(word);
      continue;
    }
    flags.push(word);
    const value = words[index + 1];
    if (flagsWithValue.has(word) && value !== undefined) {
      flags.push(value);
      index += 1;
    }
  }

  const all = findTests(root);
  if (patterns.length === 0) return { files: all, flags, unmatched: [] };
  const matches = patterns.map((pattern) => ({ pattern, files: matching(root, all, pattern) }));
  return {
    files: [...new Set(matches.flatMap(({ files }) => files))].sort(),
    flags,
    unmatched: matches.filter(({ files }) => files.length === 0).map(({ pattern }) => pattern),
  };
}

/** Every `*.test.ts` and `*.test.mts` below a folder, without installed packages and hidden folders. */
function findTests(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const foreign = entry.name.startsWith('.') || ['node_modules', 'coverage'].includes(entry.name);
        return foreign ? [] : findTests(root, path);
      }
      return /\.test\.m?ts$/.test(entry.name) ? [relative(root, path)] : [];
    })
    .sort();
}

function matching(root: string, all: string[], pattern: string): string[] {
  const path = relative(root, resolve(root, pattern));
  const status = statSync(join(root, path), { throwIfNoEntry: false });
  if (status?.isFile()) return [path];
  if (status?.isDirectory()) return all.filter((file) => path === '' || file.startsWith(path + sep));
  if (/[*?[{]/.test(pattern)) return all.filter((file) => matchesGlob(file, pattern));
  return all.filter((file) => file.includes(pattern));
}
