import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { journalMemory } from '../memory/journal.ts';
import type { CommandRecord } from '../memory/ledger.ts';

/*
 * A process of its own that shares a journal with others. Its arguments: folder, mode, name, rounds.
 * `commands`: puts commands on record, and shows by a file that nobody else may make that it alone moves.
 * `tokens`: raises the fencing token again and again, and prints each one that is safe.
 */
const [folder = '', mode = '', name = '', rounds = '0'] = process.argv.slice(2);
const journal = await journalMemory({ folder, device_id: 'shared', capacity: 3, takeoverMs: 50 });

const record = (execution_id: string, fencing_token: number): CommandRecord => ({
  execution_id,
  digest: 'd',
  operation: 'shake',
  parameters: {},
  fencing_token,
  accepted_at: 0,
  detail: {},
});

async function move(execution_id: string): Promise<void> {
  const floor = join(folder, 'moving');
  await (await open(floor, 'wx')).close();
  process.stdout.write(`${execution_id}\n`);
  await rm(floor);
  const end = { status: 'succeeded', result: { by: name } } as const;
  await journal.append({ kind: 'end', execution_id, end });
}

for (let round = 1; round <= Number(rounds); round += 1) {
  if (mode === 'tokens') {
    const fencing_token = (await journal.read()).highestToken + 1;
    await journal.append({ kind: 'token', fencing_token });
    process.stdout.write(`${fencing_token}\n`);
    continue;
  }
  // All writers race for the same ids, in the same order.
  const execution_id = `command-${round}`;
  let verdict = await journal.append({ kind: 'accept', record: record(execution_id, round) });
  while (verdict === 'busy')
    verdict = await journal.append({ kind: 'accept', record: record(execution_id, round) });
  if (verdict === 'accepted') await move(execution_id);
}
await journal.close();
