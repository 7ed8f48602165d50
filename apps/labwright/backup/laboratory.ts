import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type FileSettings, fileSettings } from '@labwright/files/settings';
import { readConfig } from '@labwright/kernel/config';
import { readUpSettings, type UpSettings } from '../settings.ts';
import { type ServiceName, serviceNames } from './services.ts';

/** The laboratory of this environment: where its databases, its files and its folder are. */
export interface Laboratory {
  readonly settings: UpSettings;
  readonly home: string;
  readonly filesFolder: string;
  /** Of the bucket, where files lie in one. */
  readonly bucket: FileSettings | undefined;
  /** The databases that the settings name; undefined: those of the embedded PostgreSQL in `home`. */
  readonly urls: Record<ServiceName, string> | undefined;
}

export function readLaboratory(env: Record<string, string | undefined> = process.env): Laboratory {
  const settings = readUpSettings(env);
  const files = readConfig(fileSettings, env);
  const home = resolve(settings.LABWRIGHT_HOME);
  const { DEVICE_DATABASE_URL: device, WORKFLOW_DATABASE_URL: workflow, HUB_DATABASE_URL: hub } = settings;
  const urls =
    device && workflow && hub
      ? { 'device-service': device, 'workflow-service': workflow, 'hub-service': hub }
      : undefined;
  return {
    settings,
    home,
    // With its own PostgreSQL the laboratory is one process, which keeps files in its folder.
    filesFolder: urls && files.FILES_FOLDER ? resolve(files.FILES_FOLDER) : join(home, 'files'),
    bucket: urls && files.S3_BUCKET !== undefined ? files : undefined,
    urls,
  };
}

export const urlsOf = (urls: { device: string; workflow: string; hub: string }) =>
  serviceNames.map((service) => ({
    service,
    url: { 'device-service': urls.device, 'workflow-service': urls.workflow, 'hub-service': urls.hub }[
      service
    ],
  }));

/** Tells the secret key apart without telling it: of the setting, or of the file that `home` has or would have. Null where there is none. */
export async function keyFingerprint(
  laboratory: Pick<Laboratory, 'home' | 'settings'>,
): Promise<string | null> {
  const given =
    laboratory.settings.LABWRIGHT_SECRET_KEY ??
    (await readFile(join(laboratory.home, 'secret-key'), 'utf8').catch(() => undefined));
  return given === undefined ? null : fingerprint(given);
}

export const fingerprint = (key: string): string =>
  createHash('sha256').update(`labwright secret key\n${key.trim()}`).digest('hex').slice(0, 16);

/** Settings that are no secret: none with a password, a token or a key in it. */
const told = [
  'HOST',
  'LABWRIGHT_ACCOUNTS',
  'DEVICE_SERVICE_PORT',
  'WORKFLOW_SERVICE_PORT',
  'HUB_SERVICE_PORT',
  'HUB_PUBLIC_URL',
  'LIMITS_STORE',
  'LIMITS_READ',
  'LIMITS_WRITE',
  'LIMITS_SIGN_IN',
  'MAIL_FROM',
  'REQUIRE_REASON',
  'REQUIRE_SIGNATURE',
  'FILES_FOLDER',
  'S3_BUCKET',
  'S3_ENDPOINT',
  'S3_REGION',
];

export const settingsToTell = (
  env: Record<string, string | undefined> = process.env,
): Record<string, string> =>
  Object.fromEntries(told.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
