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
import { commonSettings } from '@labwright/kernel/process';

const upSettings = {
  HOST: commonSettings.HOST,
  LOG_LEVEL: commonSettings.LOG_LEVEL,
  LABWRIGHT_HOME: text({ doc: 'the folder of everything that is kept', fallback: '.labwright' }),
  LABWRIGHT_DEMO: optional(flag({ doc: 'a demo laboratory in an empty database: 1 or 0' })),
  DEVICE_SERVICE_PORT: port({ doc: 'the port of device-service', fallback: '5001' }),
  WORKFLOW_SERVICE_PORT: port({ doc: 'the port of workflow-service', fallback: '5002' }),
  HUB_SERVICE_PORT: port({
    doc: 'kept for hub-service, which this version does not have yet',
    fallback: '5000',
  }),
  POSTGRES_PORT: port({
    doc: 'the port of the embedded PostgreSQL; 0: a free one, then always the same',
    fallback: '0',
  }),
  DEVICE_DATABASE_URL: optional(postgresUrl({ doc: 'a PostgreSQL of yours for device-service' })),
  WORKFLOW_DATABASE_URL: optional(postgresUrl({ doc: 'a PostgreSQL of yours for workflow-service' })),
  DEVICE_SERVICE_URL: optional(httpUrl({ doc: 'only for `npm run workflow-service`' })),
};

export type UpSettings = ReturnType<typeof readUpSettings>;

/** The settings of `labwright up`; throws one `ConfigError` with everything that is wrong. */
export function readUpSettings(env: Record<string, string | undefined> = process.env) {
  const config = readConfig(upSettings, env);
  const faults: string[] = [];
  if (!config.DEVICE_DATABASE_URL !== !config.WORKFLOW_DATABASE_URL)
    faults.push(
      'DEVICE_DATABASE_URL and WORKFLOW_DATABASE_URL go together: give both, or none for the embedded PostgreSQL',
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
