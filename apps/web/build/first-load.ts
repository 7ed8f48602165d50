/** What Vite writes of each chunk into its manifest. */
interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}
export type Manifest = Readonly<Record<string, Chunk>>;

/** Loaded on demand, and yet always: the page that `/ui/` shows, and the connection that keeps it live. */
const alwaysDemanded = ['src/pages/lab/lab-page.tsx', '../../contracts/hub/chat-client.ts'];

/** Every script that opening `/ui/` loads, each once. Throws where a chunk is not in the manifest: then the list above is out of date. */
export async function measureFirstLoad(
  manifest: Manifest,
  size: (file: string) => Promise<number>,
): Promise<{ file: string; bytes: number }[]> {
  const entries = Object.keys(manifest).filter((name) => manifest[name]?.isEntry);
  if (entries.length === 0) throw new Error('The manifest names no entry.');
  const waiting = [...entries, ...alwaysDemanded];
  const seen = new Map<string, string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    const chunk = manifest[name];
    if (!chunk) throw new Error(`There is no chunk ${name}: build/first-load.ts is out of date.`);
    seen.set(name, chunk.file);
    waiting.push(...(chunk.imports ?? []));
  }
  const files = [...new Set(seen.values())].filter((file) => file.endsWith('.js'));
  return Promise.all(files.map(async (file) => ({ file, bytes: await size(file) })));
}
