import { hubFetch } from './hub-fetch.ts';
import { type ApiProblem, problemOf } from './problem.ts';
import { randomId } from './random-id.ts';

/*
 * Something sensitive wants a reason, or an electronic signature, where the laboratory says so:
 *
 *     request ──reason_required, signature_required──► somebody is asked (the dialog) ──signs──► the request once more ──► its answer
 *                                                        │        ▲                                    │
 *                                                        │        └──signature_invalid, _used, …───────┘
 *                                                        └──leaves it──► the refusal
 */

const wants = ['reason_required', 'signature_required', 'signature_invalid', 'signature_used'];

/** What somebody gives: it goes into the body of the request. */
export interface Approval {
  readonly reason?: string;
  readonly signature?: string;
}

/** A request that waits for a person. */
export interface Asking {
  /** What is signed, and of what, in the words of the service. */
  readonly action: string;
  readonly subject: string;
  /** What was given with the request already. */
  readonly reason: string | undefined;
  readonly refusal: ApiProblem;
  /** Sends the request with it. Resolves to what is still wrong with the approval, and to nothing where the request has its answer. */
  send(approval: Approval): Promise<ApiProblem | undefined>;
  leave(): void;
}

let asking: Asking | undefined;
let hosts = 0;
let reasonFields = 0;
/** One question at a time: the next request waits for the answer to the one before. */
let before: Promise<unknown> = Promise.resolve();
const listeners = new Set<() => void>();

function turn(next: Asking | undefined): void {
  asking = next;
  for (const listener of listeners) listener();
}

/** For `useSyncExternalStore`. */
export const approvals = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  asking: (): Asking | undefined => asking,
  /** From now on there is a dialog that asks, until the function that it answers is called. */
  host(): () => void {
    hosts += 1;
    return () => {
      hosts -= 1;
      asking?.leave();
    };
  },
  /** A form has a field for the reason: it shows by itself that one is missing. */
  hasReasonField(): () => void {
    reasonFields += 1;
    return () => {
      reasonFields -= 1;
    };
  },
};

/** `hubFetch`, which asks whoever sits there for a reason and a signature where the service wants them. */
export async function approvedFetch(request: Request): Promise<Response> {
  if (request.method === 'GET') return hubFetch(request);
  const copy = request.clone();
  const response = await hubFetch(request);
  const refusal = await refusalOf(response);
  if (!refusal || hosts === 0 || (refusal.code === 'reason_required' && reasonFields > 0)) return response;
  const answered = before.then(() => askFor(copy, response, refusal));
  before = answered.catch(() => {});
  return answered;
}

async function refusalOf(response: Response): Promise<ApiProblem | undefined> {
  if (response.status !== 422 && response.status !== 409) return undefined;
  const problem = await problemOf(response.clone());
  return wants.includes(problem.code) ? problem : undefined;
}

async function askFor(request: Request, refused: Response, refusal: ApiProblem): Promise<Response> {
  const body: Record<string, unknown> = await request
    .clone()
    .json()
    .catch(() => ({}));
  const { action, subject } = refusal.body;
  const given = typeof body.reason === 'string' ? body.reason : undefined;
  return new Promise((resolve) => {
    const answer = (response: Response) => {
      turn(undefined);
      resolve(response);
    };
    turn({
      action: typeof action === 'string' ? action : '',
      subject: typeof subject === 'string' ? subject : '',
      reason: given,
      refusal,
      leave: () => answer(withText(refused, refusal)),
      send: async (approval) => {
        Object.assign(body, approval);
        const headers = new Headers(request.headers);
        headers.set('content-type', 'application/json');
        // Nothing was done by the first one; this is another request.
        headers.set('idempotency-key', randomId());
        const response = await hubFetch(
          new Request(request.clone(), { headers, body: JSON.stringify(body) }),
        );
        const still = await refusalOf(response);
        if (!still) answer(response);
        return still;
      },
    });
  });
}

/** What the service says of a refusal is for programs; whoever leaves the dialog knows what was wanted. */
function withText(refused: Response, { body, code }: ApiProblem): Response {
  const what = code === 'reason_required' ? 'No reason was given' : 'It was not signed';
  return new Response(JSON.stringify({ ...body, error: `${what}, so nothing was done.`, faults: [] }), {
    status: refused.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}
