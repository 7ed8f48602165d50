import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Head, parseHead } from '@labwright/audit';
import { UsageError } from '@labwright/kernel/command-line';

const anywhere = /\d{1,19}:[0-9a-f]{64}:[0-9a-f-]{36}/g;

/** The heads that were kept: given one by one, or anywhere in the text of files, such as logs. Throws `UsageError`. */
export async function readHeads({
  heads,
  headFiles,
}: {
  heads: string[];
  headFiles: string[];
}): Promise<Head[]> {
  const found = new Map<string, Head>();
  const keep = (text: string): boolean => {
    const head = parseHead(text);
    if (head) found.set(text, head);
    return head !== undefined;
  };
  for (const text of heads)
    if (!keep(text.trim()))
      throw new UsageError(`"${text}" is no head: SEQ:HASH:CHAIN, as audit head prints it.`);
  for (const file of headFiles) {
    const before = found.size;
    for await (const line of createInterface({ input: createReadStream(file) }))
      for (const [text] of line.matchAll(anywhere)) keep(text);
    if (found.size === before) throw new UsageError(`There is no head in ${file}.`);
  }
  return [...found.values()];
}
