/** Verifies the trail of the database in its first argument; prints entries, milliseconds and the largest resident size in kB, before the first entry and in all. */
import { verifyChain } from '@labwright/audit';
import { openDb } from '@labwright/kernel/db';

const [, , url = ''] = process.argv;
const db = openDb({ url, applicationName: 'bench verify', max: 1, statementTimeout: 600_000 });
const startKb = process.resourceUsage().maxRSS;
const started = performance.now();
const { entries, faultCount } = await verifyChain(db);
const ms = performance.now() - started;
await db.close();
if (faultCount > 0) throw new Error(`${faultCount} faults in a trail that nobody touched`);
process.stdout.write(JSON.stringify({ entries, ms, startKb, peakKb: process.resourceUsage().maxRSS }));
