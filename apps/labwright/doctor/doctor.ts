import { ConfigError } from '@labwright/kernel/config';
import { explain } from '@labwright/kernel/process';
import { exitCode } from '../command-line/exit-codes.ts';
import { checkPeers } from './checks/brokers.ts';
import { checkMigrations, checkReachable } from './checks/databases.ts';
import { checkLeftovers, checkPermissions } from './checks/home.ts';
import { checkDevices, checkJobs, checkWorkflows } from './checks/laboratory.ts';
import { checkClock, checkDisk, checkNode } from './checks/machine.ts';
import { checkPorts } from './checks/ports.ts';
import { checkRunning } from './checks/running.ts';
import { checkPublicUrl, checkSecretKey } from './checks/secrets.ts';
import { checkWeb } from './checks/web.ts';
import type { Finding } from './finding.ts';
import { lookAround, type Surroundings } from './surroundings.ts';

/** What lies below comes first: a full disk explains a database that is away. */
const checks: Record<string, (surroundings: Surroundings) => Promise<Finding[]>> = {
  Node: checkNode,
  disk: checkDisk,
  permissions: checkPermissions,
  'what crashes left': checkLeftovers,
  ports: checkPorts,
  databases: checkReachable,
  schemas: checkMigrations,
  clocks: checkClock,
  'secret key': checkSecretKey,
  'brokers and mail': checkPeers,
  devices: checkDevices,
  workflows: checkWorkflows,
  jobs: checkJobs,
  'web UI': checkWeb,
  'public address': checkPublicUrl,
  'services that answer': checkRunning,
};

/** Exit codes beside 0, all is well; `away`: nothing else is the trouble than that no laboratory answers. */
const codes = { trouble: 1, warning: 3, away: exitCode.unreachable } as const;

/** Looks for what is likely to be wrong. Changes nothing. */
export async function examine(
  env: Record<string, string | undefined>,
): Promise<{ checked: string[]; findings: Finding[] }> {
  let surroundings: Surroundings;
  try {
    surroundings = await lookAround(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const finding: Finding = {
      code: 'settings_wrong',
      severity: 'trouble',
      title: 'Settings are wrong, so nothing starts.',
      evidence: error.faults,
      remedy: 'Set them right; "Settings" in README.md has all of them',
    };
    return { checked: ['settings'], findings: [finding] };
  }
  const findings: Finding[] = [];
  const checked = ['settings'];
  try {
    for (const [name, check] of Object.entries(checks)) {
      checked.push(name);
      findings.push(...(await check(surroundings).catch((error) => [couldNotLook(name, error)])));
    }
  } finally {
    await surroundings.close();
  }
  return { checked, findings };
}

const couldNotLook = (name: string, error: unknown): Finding => ({
  code: 'not_examined',
  severity: 'warning',
  title: `It could not be seen whether all is well: ${name}.`,
  evidence: [explain(error)],
  remedy: 'Mend what stands above first, and run labwright doctor again',
});

/** `labwright doctor`. Answers the exit code: 1 where something does not work, 3 where something soon will not, 4 where all that is wrong is that nothing runs. */
export async function doctor(
  { json }: { json: boolean },
  say: (text: string) => void,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { checked, findings } = await examine(env);
  findings.sort((a, b) => Number(b.severity === 'trouble') - Number(a.severity === 'trouble'));
  const worst = findings[0]?.severity;
  const troubles = findings.filter(({ severity }) => severity === 'trouble');
  const onlyAway = troubles.length > 0 && troubles.every((one) => one.code === 'nothing_runs');
  const code = worst === undefined ? 0 : codes[onlyAway ? 'away' : worst];
  say(
    json
      ? `${JSON.stringify({ healthy: code === 0, checked, findings }, null, 2)}\n`
      : told(checked, findings),
  );
  return code;
}

function told(checked: readonly string[], findings: readonly Finding[]): string {
  if (findings.length === 0) return `All is well: ${checked.join(', ')}.\n`;
  const lines = findings.flatMap(({ severity, title, evidence, remedy, code }) => [
    `${severity === 'trouble' ? 'TROUBLE' : 'WARNING'}  ${title}  [${code}]`,
    ...evidence.map((line) => `  seen: ${line}`),
    `  mend: ${remedy}`,
    '',
  ]);
  return `${lines.join('\n')}\n`;
}
