import { ConfigError, flag, oneOf, text } from './config.ts';
import { type Part, untilSignal } from './lifecycle.ts';
import { logLevels } from './log.ts';

/** What every process of Labwright understands. */
export const commonSettings = {
  HOST: text({ doc: 'the address to listen on', fallback: '127.0.0.1' }),
  LOG_LEVEL: oneOf(logLevels, { doc: 'how much to log', fallback: 'info' }),
  LABWRIGHT_DEMO: flag({ doc: 'put a demo laboratory into an empty database', fallback: '0' }),
};

/** Exit codes: 0 ended as asked, 1 could not start or failed, 2 the settings are wrong. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

const lingerMs = 3_000;

/**
 * A whole process: builds its part, starts it, waits for SIGINT or SIGTERM, stops it. Whatever goes wrong at
 * start is said in a sentence, without a stack trace.
 */
export async function runProcess(name: string, build: () => Promise<Part>): Promise<void> {
  try {
    const part = await build();
    await part.start().catch(async (error) => {
      await part.stop();
      throw error;
    });
    await untilSignal();
    await part.stop();
    process.exitCode = exitCodes.ok;
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
    return `Port ${port} on ${address} is taken by another program, perhaps by another Labwright: end it, or choose another port with the setting (DEVICE_SERVICE_PORT, WORKFLOW_SERVICE_PORT) that names this one.`;
  if (code === 'EACCES' && port)
    return `Port ${port} needs more rights than this user has: choose one above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine: see HOST.`;
  const cause = error.cause instanceof Error ? ` (${explain(error.cause)})` : '';
  return `${error.message}${cause}`;
}
