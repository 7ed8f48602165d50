import { isTaken } from '../../taken-ports.ts';
import { whoListens } from '../../who-listens.ts';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';
import { ownerOf } from './home.ts';

const portSettings = ['HUB_SERVICE_PORT', 'DEVICE_SERVICE_PORT', 'WORKFLOW_SERVICE_PORT'] as const;

/** Ports that the laboratory wants, and another program has. */
export async function checkPorts({ laboratory }: Surroundings): Promise<Finding[]> {
  const { settings, home } = laboratory;
  const owner = await ownerOf(home);
  const findings: Finding[] = [];
  for (const name of portSettings) {
    const port = settings[name];
    if (port === 0 || !(await isTaken(settings.HOST, port))) continue;
    const holder = await whoListens(port);
    // The laboratory itself: in one process, or each service in one of its own.
    if (owner?.alive && (!holder || holder.pid === owner.pid)) continue;
    if (await isOurs(`http://127.0.0.1:${port}`)) continue;
    findings.push({
      code: 'port_taken',
      severity: 'trouble',
      title: `Port ${port} is taken by another program.`,
      evidence: [
        holder
          ? `process ${holder.pid} (${holder.command}) listens on it`
          : 'a program listens on it that this user may not look into',
      ],
      remedy: `End that program${holder ? ` (kill ${holder.pid})` : ''}, or choose another port: ${name}=${port + 100} npm start`,
    });
  }
  return findings;
}

/** Our services answer `/health` with these words. */
export async function isOurs(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(3_000) });
    const body = (await response.json()) as { status?: unknown };
    return body.status === 'healthy' || body.status === 'unhealthy';
  } catch {
    return false;
  }
}
