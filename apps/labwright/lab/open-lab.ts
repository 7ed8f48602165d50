import type { TokenSource } from '@labwright/client';
import { UsageError } from '@labwright/kernel/command-line';
import { storedIdentity } from '../sign-in/session.ts';
import { isToken, openStore, sessionsFolder } from '../sign-in/store.ts';
import { openService, type Service, type ServiceOptions } from './service.ts';

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
 * named they are on this machine, each at its port. Who asks: a token that is given, else whoever signed in at that hub. Throws `UsageError`.
 */
export function openLab(values: LabOptions, env: Env): Lab {
  const { hub, devices, workflows } = placesOf(values, env);
  const given = tokenOf(values.token, env);
  const folder = sessionsFolder(env);
  const stored =
    given === undefined && folder !== undefined
      ? storedIdentity({ hub: openService(hub), store: openStore(folder, hub.url) })
      : undefined;
  const token = (url: string): TokenSource => stored?.for(url) ?? (() => given);
  const open = (place: Place) => openService({ ...place, token: token(place.url) });
  return { hub: open(hub), devices: open(devices), workflows: open(workflows) };
}

/** Files and variables end with a line end more often than not. Throws `UsageError` where no request could carry it, without telling it. */
function tokenOf(option: string | undefined, env: Env): string | undefined {
  const given = (option ?? (env.LABWRIGHT_TOKEN || undefined))?.trim();
  if (given === undefined || given === '' || isToken(given)) return given;
  throw new UsageError(
    `${option === undefined ? 'LABWRIGHT_TOKEN' : '--token'} holds more than a token: blanks, line ends or letters that no token has. Give it the token alone.`,
  );
}

/** Where a service is, and what names that place. */
export type Place = Omit<ServiceOptions, 'token'>;

/** Throws `UsageError`. */
export function placesOf(values: Omit<LabOptions, 'token'>, env: Env): Record<keyof Lab, Place> {
  const url = read('--url or LABWRIGHT_URL', values.url || env.LABWRIGHT_URL);
  const other = (name: 'device' | 'workflow', usual: number): Place => {
    const setting = `LABWRIGHT_${name.toUpperCase()}_URL`;
    const settings = `--${name}-url or ${setting}`;
    const straight = read(settings, values[`${name}-url`] || env[setting]);
    const byHub = url !== undefined && straight === undefined;
    return {
      name: `${name}-service`,
      url:
        straight ??
        (url === undefined
          ? local(env, `${name.toUpperCase()}_SERVICE_PORT`, usual)
          : `${url}/api/${name}-service`),
      settings: byHub ? '--url or LABWRIGHT_URL' : settings,
    };
  };
  return {
    hub: {
      name: 'hub-service',
      url: url ?? local(env, 'HUB_SERVICE_PORT', 5000),
      settings: '--url or LABWRIGHT_URL',
    },
    devices: other('device', 5001),
    workflows: other('workflow', 5002),
  };
}

function local(env: Env, setting: string, usual: number): string {
  const port = env[setting] || String(usual);
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(
      `${setting} is "${port}", and has to be a port from 1 to 65535. Mend it, or name the laboratory: --url or LABWRIGHT_URL.`,
    );
  return `http://localhost:${Number(port)}`;
}

/** As it is compared and kept: without the usual port, and without a slash at its end. */
function read(setting: string, text: string | undefined): string | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`${setting} takes a URL like http://localhost:5000, not "${text}".`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
