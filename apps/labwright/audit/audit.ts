import { type ChainReport, type Head, printHead, readHead, verifyChain } from '@labwright/audit';
import { type Db, openDb, sqlState } from '@labwright/kernel/db';
import { createLog } from '@labwright/kernel/log';
import { borrowDatabases } from '../databases.ts';
import { readUpSettings } from '../settings.ts';
import { readHeads } from './heads.ts';
import type { AuditOptions } from './options.ts';

/** `labwright audit`: verifies the audit trail of each database, or prints its head. Answers the exit code: 1 where something is wrong. */
export async function audit(options: AuditOptions, say: (text: string) => void): Promise<number> {
  const heads = await readHeads(options);
  const { databases, close } = await openAll(options.databases);
  try {
    const chains = new Set<string>();
    let good = true;
    for (const { name, db } of databases) {
      const { chain, ...rest } = await headOf(name, db);
      chains.add(chain);
      if (options.verb === 'head') {
        say(`${printHead({ chain, ...rest })}  ${name}\n`);
        continue;
      }
      const report = await verifyChain(db, { heads: heads.filter((head) => head.chain === chain) });
      say(
        told(
          name,
          report,
          heads.some((head) => head.chain === chain),
        ),
      );
      good &&= report.faultCount === 0;
    }
    for (const stranger of heads.filter((head) => !chains.has(head.chain))) {
      good = false;
      say(
        `The head at entry ${stranger.seq} was kept of chain ${stranger.chain}, which none of these databases has: one is missing here, or was made anew.\n`,
      );
    }
    return good ? 0 : 1;
  } finally {
    await close();
  }
}

async function openAll(urls: readonly string[]) {
  // A line on stderr for what is amiss; stdout belongs to the answer.
  const log = createLog({ service: 'labwright-audit', level: 'error' }, process.stderr);
  const borrowed = urls.length > 0 ? undefined : await borrowDatabases(readUpSettings(), log);
  const wanted = borrowed ? [borrowed.device, borrowed.workflow, borrowed.hub] : urls;
  const databases = wanted.map((url) => ({
    name: new URL(url).pathname.slice(1),
    db: openDb({ url, applicationName: 'labwright audit', log, max: 1 }),
  }));
  return {
    databases,
    close: async () => {
      await Promise.all(databases.map(({ db }) => db.close()));
      await borrowed?.close();
    },
  };
}

async function headOf(name: string, db: Db): Promise<Head> {
  try {
    return await readHead(db);
  } catch (error) {
    if (sqlState(error) !== '42P01') throw error;
    throw new Error(
      `${name} has no audit trail: it was not started with this version yet, or the tables were dropped.`,
      { cause: error },
    );
  }
}

const figure = (value: number) => value.toLocaleString('en-US');

function told(name: string, report: ChainReport, compared: boolean): string {
  const { entries, faults, faultCount, head, pending, longestWait } = report;
  const lines = [
    faultCount === 0
      ? `${name}: ${figure(entries)} entries, all as they were sealed.`
      : `${name}: ${figure(faultCount)} ${faultCount === 1 ? 'fault' : 'faults'} in ${figure(entries)} entries.`,
    ...faults.map(({ text }) => `  ${text}`),
  ];
  if (faultCount > faults.length) lines.push(`  … and ${figure(faultCount - faults.length)} more.`);
  if (!compared)
    lines.push(
      '  Not compared with a head that was kept elsewhere: that the end was cut off cannot be seen.',
    );
  if (pending.count > 0)
    lines.push(
      `  ${figure(pending.count)} more wait for their seal, since ${pending.oldest}: a running service does it.`,
    );
  if (longestWait > 60)
    lines.push(
      `  An entry waited ${figure(Math.round(longestWait))} s for its seal: nothing ran, or somebody stopped it.`,
    );
  lines.push(`  Head: ${printHead(head)}`);
  return `${lines.join('\n')}\n`;
}
