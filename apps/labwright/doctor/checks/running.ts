import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';
import { isOurs } from './ports.ts';

/** Services that do not answer where commands look for them: what is well beside that is well for nobody. */
export async function checkRunning({ env, laboratory, exists }: Surroundings): Promise<Finding[]> {
  if (!exists) return [];
  const asked = await Promise.all(
    addresses(env, laboratory.settings).map(async ({ service, url }) => ({
      service,
      url,
      answers: await isOurs(url),
    })),
  );
  const away = asked.filter(({ answers }) => !answers);
  if (away.length === 0) return [];
  const evidence = away.map(({ service, url }) => `${service}: nobody of ours answers at ${url}`);
  const elsewhere =
    'where it runs elsewhere or on other ports, say so as you did at its start: LABWRIGHT_URL, HUB_SERVICE_PORT, DEVICE_SERVICE_PORT, WORKFLOW_SERVICE_PORT';
  return [
    away.length === asked.length
      ? {
          code: 'nothing_runs',
          severity: 'trouble',
          title: 'No laboratory answers.',
          evidence,
          remedy: `Start it: npm start; ${elsewhere}`,
        }
      : {
          code: 'service_away',
          severity: 'trouble',
          title: 'A part of the laboratory does not answer.',
          evidence,
          remedy: `Look into its log, and start it again; ${elsewhere}`,
        },
  ];
}

/** Where the commands of this environment ask. A service on any free port is nowhere that could be asked. */
function addresses(env: Surroundings['env'], settings: Surroundings['laboratory']['settings']) {
  const everywhere = ['0.0.0.0', '::', ''].includes(settings.HOST);
  const host = everywhere ? '127.0.0.1' : settings.HOST.includes(':') ? `[${settings.HOST}]` : settings.HOST;
  const hub = env.LABWRIGHT_URL?.replace(/\/+$/, '');
  const at = (service: string, port: number, straight: string | undefined) => {
    const url =
      straight || (hub ? `${hub}/api/${service}` : port === 0 ? undefined : `http://${host}:${port}`);
    return url === undefined ? [] : [{ service, url }];
  };
  return [
    ...at('hub-service', settings.HUB_SERVICE_PORT, hub),
    ...at('device-service', settings.DEVICE_SERVICE_PORT, env.LABWRIGHT_DEVICE_URL),
    ...at('workflow-service', settings.WORKFLOW_SERVICE_PORT, env.LABWRIGHT_WORKFLOW_URL),
  ];
}
