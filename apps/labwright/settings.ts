import { auditSettings } from '@labwright/audit/settings';
import { accountSettings } from '@labwright/hub-service/accounts';
import {
  ConfigError,
  flag,
  httpUrl,
  optional,
  port,
  postgresUrl,
  readConfig,
  text,
} from '@labwright/kernel/config';
import { isLoopback } from '@labwright/kernel/identity';
import { commonSettings } from '@labwright/kernel/process';
import { limitSettings } from '@labwright/limits/http';
import { notifySettings } from '@labwright/notifications/settings';

const upSettings = {
  ...auditSettings,
  ...limitSettings,
  ...notifySettings,
  ...accountSettings,
  HOST: commonSettings.HOST,
  TRUSTED_PROXIES: commonSettings.TRUSTED_PROXIES,
  LOG_LEVEL: commonSettings.LOG_LEVEL,
  LABWRIGHT_HOME: text({ doc: 'the folder of everything that is kept', fallback: '.labwright' }),
  LABWRIGHT_DEMO: optional(flag({ doc: 'a demo laboratory in an empty database: 1 or 0' })),
  DEVICE_SERVICE_PORT: port({ doc: 'the port of device-service', fallback: '5001' }),
  WORKFLOW_SERVICE_PORT: port({ doc: 'the port of workflow-service', fallback: '5002' }),
  HUB_SERVICE_PORT: port({ doc: 'the port of hub-service', fallback: '5000' }),
  HUB_PUBLIC_URL: optional(
    httpUrl({ doc: 'where people reach the hub, https://lab.example.org: what the QR codes of labels hold' }),
  ),
  POSTGRES_PORT: port({
    doc: 'the port of the embedded PostgreSQL; 0: a free one, then always the same',
    fallback: '0',
  }),
  DEVICE_DATABASE_URL: optional(postgresUrl({ doc: 'a PostgreSQL of yours for device-service' })),
  WORKFLOW_DATABASE_URL: optional(postgresUrl({ doc: 'a PostgreSQL of yours for workflow-service' })),
  HUB_DATABASE_URL: optional(postgresUrl({ doc: 'a PostgreSQL of yours for hub-service' })),
  DEVICE_SERVICE_URL: optional(httpUrl({ doc: 'only for `npm run workflow-service`' })),
};

export type UpSettings = ReturnType<typeof readUpSettings>;

/** The settings of `labwright up`; throws one `ConfigError` with everything that is wrong. */
export function readUpSettings(env: Record<string, string | undefined> = process.env) {
  const config = readConfig(upSettings, env);
  const faults: string[] = [];
  const given = [config.DEVICE_DATABASE_URL, config.WORKFLOW_DATABASE_URL, config.HUB_DATABASE_URL];
  if (given.some((url) => !url) && given.some((url) => url))
    faults.push(
      'DEVICE_DATABASE_URL, WORKFLOW_DATABASE_URL and HUB_DATABASE_URL go together: give all three, or none for the embedded PostgreSQL',
    );
  const ports = [
    'DEVICE_SERVICE_PORT',
    'WORKFLOW_SERVICE_PORT',
    'HUB_SERVICE_PORT',
    'POSTGRES_PORT',
  ] as const;
  for (const [index, name] of ports.entries()) {
    const twin = ports.slice(0, index).find((other) => config[other] !== 0 && config[other] === config[name]);
    if (twin) faults.push(`${name} is ${config[name]}, and so is ${twin}: each needs a port of its own`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** True where people of other computers are to sign in, and nothing says that they reach this laboratory over https. */
export const signInIsLost = (
  settings: Pick<UpSettings, 'LABWRIGHT_ACCOUNTS' | 'HOST' | 'HUB_PUBLIC_URL'>,
): boolean =>
  settings.LABWRIGHT_ACCOUNTS && !isLoopback(settings.HOST) && !settings.HUB_PUBLIC_URL?.startsWith('https:');
