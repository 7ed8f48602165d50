import { type Fault, LabwrightError } from '../errors.ts';

/** Makes the one error of an answer that is none of success: a problem of ours, or whatever stands between says. */
export function errorOf(response: Response, text: string, url: string): LabwrightError {
  const retryAfterSeconds = retryAfter(response.headers.get('retry-after'));
  const body = parse(text);
  if (isProblem(body))
    return errorOfProblem({ request_id: response.headers.get('x-request-id'), ...body }, retryAfterSeconds);
  return new LabwrightError({
    code: 'unreadable_answer',
    status: response.status,
    detail: `${url} answered ${response.status} with something that is not of Labwright. Is the address right?`,
    retryAfterSeconds,
    body: body ?? text,
  });
}

/** What a success answered; undefined where it says nothing. */
export function bodyOf(response: Response, text: string, url: string): unknown {
  if (text === '') return undefined;
  const body = parse(text);
  if (body === undefined) throw errorOf(response, text, url);
  return body;
}

export interface ProblemBody {
  code: string;
  status: number;
  title: string;
  detail: string;
  faults?: (Partial<Fault> & { message: string })[];
  request_id?: string | null;
}

export function errorOfProblem(body: ProblemBody, retryAfterSeconds?: number): LabwrightError {
  const { code, status, title, detail, request_id } = body;
  const faults = (body.faults ?? []).map((fault): Fault => ({ path: placeOf(fault), ...fault }));
  const requestId = request_id ?? undefined;
  return new LabwrightError({ code, status, title, detail, faults, requestId, retryAfterSeconds, body });
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a date of HTTP. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1_000);
}

const placeOf = ({ line, column }: Partial<Fault>) =>
  line === undefined ? '' : `line ${line}${column ? `, ${column}` : ''}`;
