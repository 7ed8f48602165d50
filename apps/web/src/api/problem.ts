/** One thing that is wrong with what was sent; `path` as in `body.steps[0].parameters.volume_ul`. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What a service answered instead of what was asked for: `application/problem+json`, or that nobody answered (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  /** Stable: decide by it, never by the text. */
  readonly code: string;
  readonly title: string;
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  /** The whole body: some problems have more to say, such as who holds a busy device. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>, retryAfter?: number) {
    super(textOf(body.error) ?? textOf(body.detail) ?? `The laboratory answered ${status}.`);
    this.name = 'ApiProblem';
    this.status = status;
    this.body = body;
    this.code = textOf(body.code) ?? 'unknown';
    this.title = textOf(body.title) ?? 'That did not work';
    this.faults = Array.isArray(body.faults) ? body.faults.filter(isFault) : [];
    this.requestId = textOf(body.request_id);
    this.retryAfter = retryAfter;
  }
}

export const isProblem = (error: unknown, ...codes: string[]): error is ApiProblem =>
  error instanceof ApiProblem && (codes.length === 0 || codes.includes(error.code));

/** Nobody answered: the laboratory is stopped, or the network is away. */
export const unreachable = (): ApiProblem =>
  new ApiProblem(0, {
    code: 'unreachable',
    title: 'The laboratory cannot be reached',
    error: 'The laboratory does not answer. Is it running, and is this device on its network?',
  });

/** The service hangs, or the network does. A change that was asked for may have been done. */
export const notAnswered = (seconds: number, isChange: boolean): ApiProblem =>
  new ApiProblem(0, {
    code: 'not_answered',
    title: 'The laboratory does not answer',
    error: isChange
      ? `There was no answer within ${seconds} seconds. This may or may not have been done: look before you do it again.`
      : `There was no answer within ${seconds} seconds. Try again; if it stays like this, ask whoever runs the laboratory.`,
  });

/** Of an answer that is none of 2xx. A proxy in between may answer what is not ours. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('retry-after'));
  return new ApiProblem(
    response.status,
    typeof body === 'object' && body !== null ? body : {},
    Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  );
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

function isFault(value: unknown): value is Fault {
  if (typeof value !== 'object' || value === null) return false;
  const { path, message } = value as Record<string, unknown>;
  return typeof path === 'string' && typeof message === 'string';
}
