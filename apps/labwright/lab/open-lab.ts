import { UsageError } from '@labwright/kernel/command-line';
import { openService, type Service } from './service.ts';

/** The three services, as the command line reaches them. */
export interface Lab {
  readonly devices: Service;
  readonly workflows: Service;
  readonly hub: Service;
}

export interface LabOptions {
  url?: string | undefined;
  'device-url'?: string | undefined;
  'workflow-url'?: string | undefined;
  token?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where the services are: the options, else the environment. Whoever names the hub alone reaches the other two by way of it; where nothing is
 * named they are on this machine, each at its port. Throws `UsageError`.
 */
export function openLab(values: LabOptions, env: Env): Lab {
  const token = values.token ?? (env.LABWRIGHT_TOKEN || undefined);
  const url = read('--url', values.url ?? env.LABWRIGHT_URL);
  const hub = url ?? local(env.HUB_SERVICE_PORT, 5000);
  const other = (name: 'device' | 'workflow', port: string | undefined, usual: number): Service => {
    const straight = read(
      `--${name}-url`,
      values[`${name}-url`] ?? env[`LABWRIGHT_${name.toUpperCase()}_URL`],
    );
    const byHub = url !== undefined && straight === undefined;
    return openService({
      name: `${name}-service`,
      url: straight ?? (url === undefined ? local(port, usual) : `${url}/api/${name}-service`),
      settings: byHub ? '--url or LABWRIGHT_URL' : `--${name}-url or LABWRIGHT_${name.toUpperCase()}_URL`,
      token,
    });
  };
  return {
    hub: openService({ name: 'hub-service', url: hub, settings: '--url or LABWRIGHT_URL', token }),
    devices: other('device', env.DEVICE_SERVICE_PORT, 5001),
    workflows: other('workflow', env.WORKFLOW_SERVICE_PORT, 5002),
  };
}

const local = (port: string | undefined, usual: number) => `http://localhost:${port || usual}`;

function read(option: string, text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError(`${option} takes a URL like http://localhost:5000, not "${text}".`);
  return text.replace(/\/+$/, '');
}
