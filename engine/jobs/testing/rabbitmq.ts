import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@labwright/kernel/testing';

/** A RabbitMQ that a test may stop and kill: its own name, ports, folder and port mapper; no other one hears of it. */
export interface TestRabbit {
  readonly url: string;
  /** As its administrator stops it: connections are closed, what was confirmed is on disk. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had on disk. */
  start(): Promise<void>;
  /** Ends it, and deletes its folder. */
  remove(): Promise<void>;
}

const bootMs = 90_000;
const stopMs = 30_000;
/** Debian's command wants to become another user; the script behind it does not. */
const scripts = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/opt/homebrew/sbin/rabbitmq-server'];

/**
 * Undefined where this machine has no `rabbitmq-server`: the test then is skipped by name, except where `CI=true`, for which
 * nothing may be left out. Takes some seconds, and about 100 MB of memory until it is removed.
 */
export async function startRabbit(): Promise<TestRabbit | undefined> {
  const script = scripts.find(existsSync);
  if (!script) {
    if (process.env.CI !== 'true') return undefined;
    throw new Error('There is no rabbitmq-server on this machine: install it (Debian: rabbitmq-server).');
  }
  const folder = await mkdtemp(join(tmpdir(), 'labwright-rabbit-'));
  const [port, distPort, epmdPort] = await Promise.all([freePort(), freePort(), freePort()]);
  await mkdir(join(folder, 'home'));
  await chmod(folder, 0o700);
  await writeFile(join(folder, 'plugins'), '[].');
  const env = {
    PATH: process.env.PATH ?? '',
    LANG: 'C.UTF-8',
    // The cookie of its own, and the port mapper of its own: an Erlang on this machine never meets it.
    HOME: join(folder, 'home'),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `labwright-${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    // The script replaces itself by the server then, so that a signal reaches the server.
    RABBITMQ_ALLOW_INPUT: '1',
    // Many of these run on few processors: waiting threads do not spin.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
  };
  const mapper = spawn('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], { stdio: 'ignore' });
  mapper.once('error', () => {});
  let server: ChildProcess | undefined;

  const start = async () => {
    server = spawn(script, ['-noinput'], { env, cwd: folder, stdio: 'ignore' });
    await untilAnswering(server, port, join(folder, 'log'));
  };
  const end = async (signal: NodeJS.Signals) => {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await ended;
    clearTimeout(timer);
  };
  const remove = async () => {
    await end('SIGKILL');
    mapper.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  // A test that ends without removing it leaves no server behind.
  process.once('exit', () => {
    server?.kill('SIGKILL');
    mapper.kill('SIGKILL');
  });
  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start,
    remove,
  };
}

/** A listener opens before the server is ready to greet; the greeting is the answer to the header of the protocol. */
async function untilAnswering(child: ChildProcess, port: number, log: string): Promise<void> {
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`rabbitmq-server ended with ${code}`)));
  });
  ended.catch(() => {});
  const deadline = Date.now() + bootMs;
  try {
    while (!(await Promise.race([greets(port), ended])))
      if (Date.now() > deadline) throw new Error(`rabbitmq-server did not answer within ${bootMs / 1_000} s`);
  } catch (error) {
    const text = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`${error}\n${text.slice(-2_000)}`);
  }
}

const greets = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\0\0\x09\x01'));
    const answer = (greeted: boolean) => {
      socket.destroy();
      if (greeted) resolve(true);
      else setTimeout(resolve, 100, false);
    };
    socket.setTimeout(2_000, () => answer(false));
    socket.once('data', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
