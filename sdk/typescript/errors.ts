/** One place of the input that is wrong. */
export interface Fault {
  /** `body.steps.0.parameters.volume_ul`; in a file `line 2, barcode`. */
  readonly path: string;
  readonly message: string;
  /** Of a file, from 1. */
  readonly line?: number;
  readonly column?: string;
}

/** What the client itself has to say, where no service answered. Services have codes of their own: see their reference pages. */
export type ClientCode =
  /** Nobody listens there: the request had no effect. */
  | 'unreachable'
  /** The connection broke, or nothing came in time: nobody knows whether the request had an effect. */
  | 'no_answer'
  /** Something answered that is not Labwright: look at the address. */
  | 'unreadable_answer'
  /** A file whose check said no, or did not end in time. */
  | 'file_rejected'
  | 'file_not_checked'
  /** The second factor is asked for, and no code was given. */
  | 'code_needed';

interface Told {
  code: string;
  status?: number;
  title?: string;
  detail: string;
  faults?: readonly Fault[];
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
  body?: unknown;
  cause?: unknown;
}

/**
 * The one error that the client throws, but for what an `AbortSignal` of yours gives as its reason.
 * `code` is stable: programs may rely on it. `message` is one sentence for people, which says what to do.
 */
export class LabwrightError extends Error {
  override readonly name = 'LabwrightError';
  /** Of the service (`device_busy`), or a `ClientCode`. */
  readonly code: string;
  /** Of HTTP; 0 where no service answered. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Each place of the input that is wrong; empty where that is not what is the matter. */
  readonly faults: readonly Fault[];
  /** Under which the logs of the services have it. */
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** The whole answer: some errors carry more members, such as who holds the device. */
  readonly body: unknown;
  /** How often the request was sent. */
  attempts = 1;

  constructor(told: Told) {
    super(told.detail, told.cause === undefined ? {} : { cause: told.cause });
    this.code = told.code;
    this.status = told.status ?? 0;
    this.title = told.title ?? told.detail;
    this.detail = told.detail;
    this.faults = told.faults ?? [];
    this.requestId = told.requestId;
    this.retryAfterSeconds = told.retryAfterSeconds;
    this.body = told.body;
  }
}

/** Also true for errors of another copy of this package, which `instanceof` does not know. */
export function isLabwrightError(error: unknown, code?: string): error is LabwrightError {
  return (
    error instanceof Error &&
    error.name === 'LabwrightError' &&
    (code === undefined || (error as LabwrightError).code === code)
  );
}
