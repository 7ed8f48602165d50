/**
 * Settings come from the environment and are read once, at start. A wrong environment is answered by one
 * error that names every fault, so that nobody has to start five times to mend five settings.
 */
export interface Setting<T> {
  readonly doc: string;
  readonly fallback: string | undefined;
  readonly optional: boolean;
  /** Throws an Error whose message completes "NAME …". */
  parse(text: string): T;
}

export class ConfigError extends Error {
  readonly faults: string[];
  constructor(faults: string[]) {
    super(
      `${faults.length === 1 ? 'A setting is' : `${faults.length} settings are`} wrong:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type Values<S extends Record<string, Setting<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Reads every setting; throws one `ConfigError` with all faults. An empty string counts as not set. */
export function readConfig<const S extends Record<string, Setting<unknown>>>(
  settings: S,
  env: Record<string, string | undefined> = process.env,
): Values<S> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name] || setting.fallback;
    if (text === undefined) {
      if (!setting.optional) faults.push(`${name} is required: ${setting.doc}`);
      continue;
    }
    try {
      values[name] = setting.parse(text);
    } catch (error) {
      faults.push(`${name} ${error instanceof Error ? error.message : String(error)} (${setting.doc})`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values as Values<S>;
}

interface Options {
  doc: string;
  fallback?: string;
}

function setting<T>(options: Options, parse: (text: string) => T): Setting<T> {
  return { doc: options.doc, fallback: options.fallback, optional: false, parse };
}

/** A setting that may be left out: its value is then undefined. */
export function optional<T>(inner: Setting<T>): Setting<T | undefined> {
  return { ...inner, optional: true };
}

export const text = (options: Options) => setting(options, (value) => value);

export const oneOf = <const T extends string>(values: readonly T[], options: Options) =>
  setting(options, (value) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new Error(`must be one of ${values.join(', ')}, not "${value}"`);
    return found;
  });

export const number = (options: Options & { minimum: number; maximum: number; integer?: boolean }) =>
  setting(options, (value) => {
    const parsed = Number(value);
    const wanted = options.integer ? 'a whole number' : 'a number';
    if (!Number.isFinite(parsed) || (options.integer && !Number.isInteger(parsed)))
      throw new Error(`must be ${wanted}, not "${value}"`);
    if (parsed < options.minimum || parsed > options.maximum)
      throw new Error(`must lie between ${options.minimum} and ${options.maximum}, not ${value}`);
    return parsed;
  });

export const flag = (options: Options) =>
  setting(options, (value) => {
    if (['1', 'true', 'yes', 'on'].includes(value.toLowerCase())) return true;
    if (['0', 'false', 'no', 'off'].includes(value.toLowerCase())) return false;
    throw new Error(`must be 1 or 0, not "${value}"`);
  });

/** A TCP port; 0 asks the system for a free one. */
export const port = (options: Options) => number({ ...options, minimum: 0, maximum: 65535, integer: true });

const url = (protocols: readonly string[], options: Options) =>
  setting(options, (value) => {
    const example = `${protocols[0]}//host:port/…`;
    if (!URL.canParse(value)) throw new Error(`must be a URL like ${example}`);
    const { protocol } = new URL(value);
    if (!protocols.includes(protocol))
      throw new Error(`must start with ${protocols.map((p) => `${p}//`).join(' or ')}, not ${protocol}//`);
    return value.replace(/\/+$/, '');
  });

export const httpUrl = (options: Options) => url(['http:', 'https:'], options);
export const redisUrl = (options: Options) => url(['redis:', 'rediss:'], options);
export const postgresUrl = (options: Options) => url(['postgres:', 'postgresql:'], options);
