/**
 * `npm run audit`: known weaknesses of the packages that we install, held against a policy. What ships fails from `moderate` on, what only developers
 * run from `high` on. An exception names its advisory, its reason and its last day.
 *
 * A registry that does not answer such questions (a mirror, no network) proves nothing: that is said, and passes, unless `AUDIT_MUST_ANSWER=1`, which
 * belongs wherever the public registry can be reached.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type AuditReport, type Exception, judge, type Severity } from './audit/judge.ts';

const exceptions: { shipped: readonly Exception[]; developers: readonly Exception[] } = {
  shipped: [],
  developers: [],
};

const run = promisify(execFile);

/** The report, or the sentence why there is none. */
async function ask(more: string[]): Promise<AuditReport | string> {
  // npm ends with 1 where it finds something; what it found is in its output all the same.
  const { stdout } = await run('npm', ['audit', '--json', ...more], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000,
  }).catch((error: { stdout?: string; message: string }) => ({
    stdout: error.stdout || JSON.stringify({ message: error.message }),
  }));
  const answer = JSON.parse(stdout) as Partial<AuditReport> & { message?: string };
  return answer.vulnerabilities
    ? { vulnerabilities: answer.vulnerabilities }
    : (answer.message ?? 'no answer');
}

const today = new Date().toISOString().slice(0, 10);
const parts: { what: string; more: string[]; failsFrom: Severity; exceptions: readonly Exception[] }[] = [
  { what: 'what ships', more: ['--omit=dev'], failsFrom: 'moderate', exceptions: exceptions.shipped },
  {
    what: 'everything',
    more: [],
    failsFrom: 'high',
    exceptions: [...exceptions.shipped, ...exceptions.developers],
  },
];

for (const { what, more, ...policy } of parts) {
  const report = await ask([...more, ...process.argv.slice(2)]);
  if (typeof report === 'string') {
    console.error(`The registry does not answer audit requests (${report}): nothing was checked.`);
    if (process.env.AUDIT_MUST_ANSWER === '1') process.exitCode = 1;
    else console.error('It passes all the same; AUDIT_MUST_ANSWER=1 makes this a failure.');
    break;
  }
  const { failures, borne } = judge(report, policy, today);
  for (const line of borne) console.log(`borne: ${line}`);
  for (const line of failures) console.error(`✗ ${line}`);
  if (failures.length > 0) process.exitCode = 1;
  else console.log(`${what}: no weakness from "${policy.failsFrom}" on is known`);
}
