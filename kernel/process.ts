import { ConfigError, flag, number, oneOf, optional, readConfig, type Setting, text } from './config.ts';
import { type Part, stillStopping, untilSignal } from './lifecycle.ts';
import { logLevels } from './log.ts';
import { type InNetworks, networksOf } from './networks.ts';
import { giveUpSilent } from './silence.ts';

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

const stopSettings = (fallback: number) => ({
  STOP_SECONDS: number({
    doc: 'seconds in which this process has to end when it is asked to; then it ends with what is still under way',
    fallback: String(fallback),
    minimum: 1,
    maximum: 3_600,
  }),
});

/** Exit codes: 0 ended as asked, 1 could not start or failed, 2 the settings are wrong. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

const lingerMs = 3_000;

/** A part that can be ended without waiting for what is in hand: whatever it holds outside of this process goes, too. */
export interface WholePart extends Part {
  endAtOnce?(): Promise<void>;
}

/**
 * A whole process: builds its part, starts it, waits for SIGINT or SIGTERM, stops it; a second signal ends it at once. Whoever asks while it starts is
 * heard: it stops once it has started, for what it has begun (a PostgreSQL of its own) would be left behind. Whatever goes wrong at start is said in a
 * sentence, without a stack trace. A stop takes `STOP_SECONDS` at most; `stopSeconds` where that is not set.
 */
export async function runProcess(
  name: string,
  build: () => Promise<WholePart>,
  { stopSeconds = 20 } = {},
): Promise<void> {
  try {
    const { STOP_SECONDS: seconds } = readConfig(stopSettings(stopSeconds));
    let part: WholePart | undefined;
    let started = false;
    let overdue = false;
    const endAtOnce = (code: number) => {
      const ended = part?.endAtOnce?.() ?? Promise.resolve();
      void ended
        .catch((error: unknown) => process.stderr.write(`${explain(error)}\n`))
        .finally(() => process.exit(code));
    };
    const letGo: (() => void)[] = [];
    const asked = untilSignal(endAtOnce).then(() => {
      if (!started)
        process.stderr.write(
          `${name} is asked to end while it starts: it stops as soon as it has. Once more ends it at once.\n`,
        );
      letGo.push(giveUpSilent());
      return setTimeout(() => {
        overdue = true;
        const waited = stillStopping().join(' › ') || (started ? 'something' : 'its own start');
        process.stderr.write(
          `${name} has not ended within ${seconds} s (STOP_SECONDS), and still waits for: ${waited}. It is ended now; what it has accepted is kept.\n`,
        );
        endAtOnce(exitCodes.failed);
      }, seconds * 1_000).unref();
    });
    const built = await build();
    part = built;
    await built.start().catch(async (error) => {
      await built.stop();
      throw error;
    });
    started = true;
    const deadline = await asked;
    // Also of those that were opened after it was asked.
    letGo.push(giveUpSilent());
    await built.stop();
    for (const each of letGo) each();
    clearTimeout(deadline);
    // It is being ended, and not as asked.
    if (overdue) return;
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
