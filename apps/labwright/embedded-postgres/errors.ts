/**
 * Every way in which the embedded PostgreSQL refuses to work. README.md names the cause and the mend
 * of each code; the message itself always says what to do next.
 */
export type EmbeddedPostgresErrorCode =
  | 'folder_claimed'
  | 'initialisation_failed'
  | 'not_permitted'
  | 'password_lost'
  | 'port_taken'
  | 'start_failed'
  | 'start_timeout'
  | 'stop_failed'
  | 'unsupported_platform'
  | 'wrong_name'
  | 'wrong_user'
  | 'wrong_version';

export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
  }
}

/** The `code` of a system or PostgreSQL error (`ENOENT`, `57P03`, …), or undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
