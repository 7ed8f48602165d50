import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Finding, Severity } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';

interface Peer {
  readonly setting: string;
  readonly code: string;
  readonly title: string;
  readonly severity: Severity;
  readonly remedy: string;
  readonly port: number;
  /** What to say, and what has to come back; left out: that it answers at all is enough. */
  readonly hello?: readonly [string, RegExp];
}

const redis = { port: 6379, hello: ['PING\r\n', /^(\+PONG|-NOAUTH|-ERR)/] as const };

const peers: readonly Peer[] = [
  {
    setting: 'BROKER_URL',
    code: 'broker_away',
    title: 'RabbitMQ cannot be reached: jobs are kept, and not carried out by workers on it.',
    severity: 'trouble',
    remedy: 'systemctl start rabbitmq-server; rabbitmqctl status. Nothing is lost meanwhile',
    port: 5672,
    hello: ['AMQP\0\0\t\u0001', /^./s],
  },
  {
    setting: 'LIVE_REDIS_URL',
    code: 'redis_away',
    title: 'The Redis of live events cannot be reached: what happens shows up to 2 s later.',
    severity: 'warning',
    remedy: 'systemctl start redis-server; redis-cli -u "$LIVE_REDIS_URL" ping',
    ...redis,
  },
  {
    setting: 'LIMITS_REDIS_URL',
    code: 'redis_away',
    title: 'The Redis of the rate limits cannot be reached: LIMITS_WHEN_DOWN says whether requests pass.',
    severity: 'warning',
    remedy: 'systemctl start redis-server; redis-cli -u "$LIMITS_REDIS_URL" ping',
    ...redis,
  },
  {
    setting: 'SMTP_URL',
    code: 'mail_away',
    title: 'The mail server cannot be reached: mail waits, and is given up after some attempts.',
    severity: 'warning',
    remedy: 'Start it, or put the right address into SMTP_URL',
    port: 25,
    hello: ['', /^220/],
  },
];

const patienceMs = 3_000;

/** What is configured beside the databases, and does not answer. */
export async function checkPeers({ env }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const peer of peers) {
    const given = env[peer.setting];
    if (!given || !URL.canParse(given)) continue;
    const why = await ask(new URL(given), peer);
    if (why === undefined) continue;
    const { setting, code, title, severity, remedy, port } = peer;
    const url = new URL(given);
    findings.push({
      code,
      severity,
      title,
      evidence: [`${setting}: ${url.hostname}:${url.port || port}: ${why}`],
      remedy,
    });
  }
  return findings;
}

/** Undefined where it answers as it should, else why not. */
function ask(url: URL, { port, hello }: Peer): Promise<string | undefined> {
  const safe = /^(amqps|rediss|smtps):$/.test(url.protocol);
  const address = { host: url.hostname, port: Number(url.port) || port };
  return new Promise((resolve) => {
    const socket = safe ? connectTls({ ...address, servername: url.hostname }) : connectTcp(address);
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(patienceMs, () => end(`no answer within ${patienceMs / 1_000} s`));
    socket.once('error', (error) => end(error.message || String((error as NodeJS.ErrnoException).code)));
    socket.once('close', () => end('it closed the connection'));
    socket.once(safe ? 'secureConnect' : 'connect', () => {
      if (!hello) end(undefined);
      else if (hello[0] !== '') socket.write(hello[0]);
    });
    socket.once('data', (data) =>
      end(!hello || hello[1].test(data.toString('latin1')) ? undefined : 'something else answers there'),
    );
  });
}
