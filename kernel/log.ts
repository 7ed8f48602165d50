import { type DestinationStream, type Logger, pino } from 'pino';
import { currentContext } from './context.ts';
import { withoutSecrets } from './log-secrets.ts';

export type Log = Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** One JSON object a line; within a request each line carries its request id and trace id. */
export function createLog(
  options: { service: string; level?: (typeof logLevels)[number] },
  destination?: DestinationStream,
): Log {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const context = currentContext();
      return context ? { request_id: context.request_id, trace_id: context.trace_id } : {};
    },
    redact: { paths: ['req.headers'], remove: true },
    // The last thing before a line is written: whoever logs something need not know what is in it.
    hooks: { streamWrite: withoutSecrets },
  };
  return destination ? pino(settings, destination) : pino(settings);
}

/** For code that logs only where somebody listens. */
export const silentLog: Log = pino({ level: 'silent' });

/** A log file: written in large pieces, so a `flush` belongs at the end. The folder is made where it is missing. */
export function logFile(path: string): DestinationStream & { flush(): void } {
  const file = pino.destination({ dest: path, sync: false, mkdir: true });
  return { write: (line) => void file.write(line), flush: () => file.flushSync() };
}
