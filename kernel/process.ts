import { ConfigError, flag, oneOf, optional, type Setting, text } from './config.ts';
import { type Part, untilSignal } from './lifecycle.ts';
import { logLevels } from './log.ts';
import { type InNetworks, networksOf } from './networks.ts';

const networks: Setting<InNetworks> = {
  doc: 'the proxies before this service, 10.0.0.5,10.1.0.0/16: whom their X-Forwarded-For names is who asks; nobody else is believed',
  fallback: undefined,
  optional: false,
  parse: (value) => {
    try {
      return networksOf(value.split(',').map((part) => part.trim()));
    } catch (error) {
      throw new Error(`must name networks: ${error instanceof Error ? error.message : error}`);
    }
  },
};

/** What every process of Labwright understands. */
export const commonSettings = {
  HOST: text({ doc: 'the address to listen on', fallback: '127.0.0.1' }),
  TRUSTED_PROXIES: optional(networks),
  LOG_LEVEL: oneOf(logLevels, { doc: 'how much to log', fallback: 'info' }),
  LABWRIGHT_DEMO: flag({ doc: 'put a demo laboratory into an empty database', fallback: '0' }),
};

/** Exit codes: 0 ended as asked, 1 could not start or failed, 2 the settings are wrong. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

const lingerMs = 3_000;
/** Milliseconds for all requests and jobs in hand. */
const stopMs = 60_000;

/** A part that can be ended without waiting for what is in hand: whatever it holds outside of this process goes, too. */
export interface WholePart extends Part {
  endAtOnce?(): Promise<void>;
}

/**
 * A whole process: builds its part, starts it, waits for SIGINT or SIGTERM, stops it; a second signal ends it at once. Whatever goes
 * wrong at start is said in a sentence, without a stack trace.
 */
export async function runProcess(name: string, build: () => Promise<WholePart>): Promise<void> {
  try {
    const part = await build();
    const endAtOnce = (code: number) => {
      const ended = part.endAtOnce?.() ?? Promise.resolve();
      void ended
        .catch((error: unknown) => process.stderr.write(`${explain(error)}\n`))
        .finally(() => process.exit(code));
    };
    await part.start().catch(async (error) => {
      await part.stop();
      throw error;
    });
    await untilSignal(endAtOnce);
    const overdue = setTimeout(() => {
      process.stderr.write(
        `${name} has not ended within ${stopMs / 1_000} s: something that it waits for does not answer. It is ended now; what it has accepted is kept.\n`,
      );
      endAtOnce(exitCodes.failed);
    }, stopMs).unref();
    await part.stop();
    clearTimeout(overdue);
    process.exitCode = exitCodes.ok;
    // A connection to a server that hangs may be left, whose end nobody answers: all that counts is done.
    setTimeout(() => process.exit(), lingerMs).unref();
  } catch (error) {
    process.stderr.write(`${name} cannot start. ${explain(error)}\n`);
    process.exitCode = error instanceof ConfigError ? exitCodes.usage : exitCodes.failed;
    // Whoever supervises us must see the end, even where something half-started lingers.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}

/** A sentence for a person, with what to do where we know it. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${address} is taken by another program, perhaps by another Labwright: end it, or choose another port with the setting (DEVICE_SERVICE_PORT, WORKFLOW_SERVICE_PORT, HUB_SERVICE_PORT) that names this one.`;
  if (code === 'EACCES' && port)
    return `Port ${port} needs more rights than this user has: choose one above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine: see HOST.`;
  const cause = error.cause instanceof Error ? explain(error.cause) : '';
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message} (${cause})`;
}
