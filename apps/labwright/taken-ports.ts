/**
 * What keeps the laboratory from listening, found before anything of it starts: a Labwright that runs in this folder already, or programs that
 * have its ports. All of them are told at once, with one line that starts it beside them.
 */
import { readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ownerOf } from './doctor/checks/home.ts';
import type { UpSettings } from './settings.ts';
import { type Listener, portsOf, whoListens } from './who-listens.ts';

const services = {
  HUB_SERVICE_PORT: { service: 'hub-service', usual: 5000 },
  DEVICE_SERVICE_PORT: { service: 'device-service', usual: 5001 },
  WORKFLOW_SERVICE_PORT: { service: 'workflow-service', usual: 5002 },
} as const;
type PortSetting = keyof typeof services;
const portSettings = Object.keys(services) as PortSetting[];

type Wanted = Pick<
  UpSettings,
  PortSetting | 'HOST' | 'LABWRIGHT_HOME' | 'LABWRIGHT_ACCOUNTS' | 'DEVICE_DATABASE_URL'
>;

interface Taken {
  setting: PortSetting;
  port: number;
  holder: Listener | undefined;
  /** What answers there, where it is one of ours. */
  service: string | undefined;
}

/** Throws where the laboratory could not listen. `home` is where everything is kept. */
export async function refuseTakenPorts(settings: Wanted, home: string): Promise<void> {
  // Databases elsewhere have no owner in this folder.
  if (!settings.DEVICE_DATABASE_URL) await refuseSecond(settings, home);
  const taken: Taken[] = [];
  for (const setting of portSettings) {
    const port = settings[setting];
    if (port === 0 || !(await isTaken(settings.HOST, port))) continue;
    const [holder, service] = await Promise.all([whoListens(port), serviceAt(settings.HOST, port)]);
    taken.push({ setting, port, holder, service });
  }
  if (taken.length > 0) throw new Error(await takenText(taken, settings));
}

/** Says where the laboratory of this folder is, if it runs. One that only starts is refused by its folder, a moment later. */
async function refuseSecond(settings: Wanted, home: string): Promise<void> {
  const owner = await ownerOf(home);
  if (!owner?.alive || owner.pid === process.pid) return;
  const known = await portsOf(owner.pid);
  for (const port of known.length > 0 ? known : [settings.HUB_SERVICE_PORT])
    if ((await serviceAt(settings.HOST, port)) === 'hub-service')
      throw new Error(
        `It already runs here: ${addressOf(settings.HOST, port)}\nOpen that in the browser; or stop it, with Ctrl-C where it was started or with kill ${owner.pid}.`,
      );
}

async function takenText(taken: readonly Taken[], settings: Wanted): Promise<string> {
  const wanted = taken.map(({ port, setting }) => `${port} (${services[setting].service})`);
  const head =
    taken.length === 1
      ? `Port ${taken[0]?.port}, which ${services[taken[0]?.setting ?? 'HUB_SERVICE_PORT'].service} wants, is taken`
      : `The ports ${wanted.slice(0, -1).join(', ')} and ${wanted.at(-1)} are taken`;
  return [
    `${head}:`,
    ...(await Promise.all(byHolder(taken).map((theirs) => holderText(theirs, settings.HOST)))),
    '',
    'Or start this one beside it, on ports that are free:',
    `  ${await freeLine(taken, settings)}`,
  ].join('\n');
}

/** Whoever has several ports is told once. */
const byHolder = (taken: readonly Taken[]): Taken[][] => [
  ...Map.groupBy(taken, ({ holder, port }) => holder?.pid ?? `port ${port}`).values(),
];

async function holderText(theirs: readonly Taken[], host: string): Promise<string> {
  const ports = theirs.map(({ port }) => port).join(', ');
  const holder = theirs[0]?.holder;
  const end = holder ? ` with kill ${holder.pid}` : '';
  if (theirs.every(({ service }) => service === undefined))
    return holder
      ? `  ${ports}: process ${holder.pid} (${holder.command}). End it${end}.`
      : `  ${ports}: another program. End it.`;
  const hub = theirs.find(({ service }) => service === 'hub-service');
  const folder = holder && (await readlink(`/proc/${holder.pid}/cwd`).catch(() => undefined));
  const which = [
    ...(holder ? [`process ${holder.pid}`] : []),
    ...(folder ? [`started in ${folder}`] : []),
  ].join(', ');
  const open = hub ? `, ${addressOf(host, hub.port)}` : '';
  return `  ${ports}: another Labwright${which ? ` (${which})` : ''}${open}. ${hub ? 'Open it, or stop it' : 'Stop it'}${end}.`;
}

/** Starts what was asked for, elsewhere: a setting that was given stays as it is, unless its port is taken. */
async function freeLine(taken: readonly Taken[], settings: Wanted): Promise<string> {
  const others = new Set<number>(portSettings.map((name) => settings[name]));
  const words: string[] = [];
  if (settings.LABWRIGHT_HOME !== '.labwright')
    words.push(`LABWRIGHT_HOME=${quoted(settings.LABWRIGHT_HOME)}`);
  if (settings.LABWRIGHT_ACCOUNTS) words.push('LABWRIGHT_ACCOUNTS=1');
  if (settings.HOST !== '127.0.0.1') words.push(`HOST=${settings.HOST}`);
  for (const name of portSettings) {
    const port = settings[name];
    if (taken.some(({ setting }) => setting === name)) {
      const free = await freeNear(settings.HOST, port, others);
      others.add(free);
      words.push(`${name}=${free}`);
    } else if (port !== services[name].usual) words.push(`${name}=${port}`);
  }
  return `${words.join(' ')} npm start`;
}

const quoted = (text: string): string =>
  /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A hundred further on, so that the three stay side by side; from there the first that is free. */
async function freeNear(host: string, port: number, others: ReadonlySet<number>): Promise<number> {
  const first = port + 100 > 65_000 ? port - 1_000 : port + 100;
  for (let next = first; next < first + 500; next += 1)
    if (!others.has(next) && !(await isTaken(host, next))) return next;
  return 0;
}

/** Whether another program listens there, or we may not. */
export function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

const everywhere = ['0.0.0.0', '::'];

function addressOf(host: string, port: number): string {
  const local = [...everywhere, '127.0.0.1', '::1'].includes(host);
  return `http://${local ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Which service of a Labwright answers there: each says so at the head of its reference. */
async function serviceAt(host: string, port: number): Promise<string | undefined> {
  const to = everywhere.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  try {
    const response = await fetch(`http://${to}:${port}/openapi.json`, { signal: AbortSignal.timeout(3_000) });
    const { info } = (await response.json()) as { info?: { title?: unknown } };
    return /^Labwright (\S+)$/.exec(String(info?.title))?.[1];
  } catch {
    return undefined;
  }
}
