import type { UpSettings } from './settings.ts';
import { whoListens } from './who-listens.ts';

const services = {
  HUB_SERVICE_PORT: 'hub-service',
  DEVICE_SERVICE_PORT: 'device-service',
  WORKFLOW_SERVICE_PORT: 'workflow-service',
} as const;

/** Where a port of a service is taken: which one, who has it, and what to do. Any other error as it is. */
export async function nameThePort(error: unknown, settings: UpSettings): Promise<unknown> {
  const { code, port } = (error ?? {}) as { code?: unknown; port?: number };
  if (code !== 'EADDRINUSE' || port === undefined) return error;
  const setting = (Object.keys(services) as (keyof typeof services)[]).find(
    (name) => settings[name] === port,
  );
  if (!setting) return error;
  const holder = await whoListens(port);
  const by = holder ? `by process ${holder.pid} (${holder.command})` : 'by another program';
  const end = holder ? `End that one (kill ${holder.pid})` : 'End that one';
  const other = port + 100 > 65_535 ? port - 100 : port + 100;
  return new Error(
    `Port ${port}, which ${services[setting]} wants, is taken ${by}. ${end}, or choose another port: ${setting}=${other} npm start`,
  );
}
