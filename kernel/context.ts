import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import type { Principal } from './identity.ts';

/** What follows one request through the code and across services (W3C Trace Context, level 1). */
export interface RequestContext {
  readonly request_id: string;
  /** 32 lower-case hex digits, the same in every service that the request passes. */
  readonly trace_id: string;
  /** 16 lower-case hex digits: this service's part of the trace. */
  readonly span_id: string;
  /** Who asks, once that is known. */
  principal?: Principal;
}

const storage = new AsyncLocalStorage<RequestContext | undefined>();

export const currentContext = (): RequestContext | undefined => storage.getStore();

export function enterContext(context: RequestContext | undefined): void {
  storage.enterWith(context);
}

/** The same for `work`, which is given the rest, and what it starts, and for nobody else. Undefined: in none, whoever calls. */
export function runInContext<T, Given extends unknown[]>(
  context: RequestContext | undefined,
  work: (...given: Given) => T,
  ...given: Given
): T {
  if (currentContext() !== context) return storage.run(context, work, ...given);
  // It is the one already: changing it and back would make two maps, most of what a job without a trace costs.
  try {
    return work(...given);
  } finally {
    if (currentContext() !== context) enterContext(context);
  }
}

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** Continues the caller's trace where its headers name one, and begins one otherwise. */
export function contextFromHeaders(headers: Record<string, string | string[] | undefined>): RequestContext {
  const given = headers['x-request-id'];
  const parent = typeof headers.traceparent === 'string' ? traceparent.exec(headers.traceparent) : null;
  const usable = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given);
  return {
    request_id: usable ? given : randomHex(12),
    trace_id: parent?.[1] ?? randomHex(16),
    span_id: randomHex(8),
  };
}

/** The headers that hand the current context on to the next service; empty outside a request. */
export function contextHeaders(): Record<string, string> {
  const context = currentContext();
  if (!context) return {};
  return {
    'x-request-id': context.request_id,
    traceparent: `00-${context.trace_id}-${context.span_id}-01`,
  };
}

const entropy = Buffer.alloc(4_096);
let used = entropy.length;

/**
 * The current context as text, for what is done later on its behalf: the trace, the request and who asked. Null outside of one. What is
 * carried says who caused it, and proves nothing: it belongs where only we write.
 */
export function carryContext(): string | null {
  const context = currentContext();
  if (!context) return null;
  const { traceparent } = contextHeaders();
  const { request_id, principal } = context;
  return `${traceparent} ${JSON.stringify({ request_id, ...(principal ? { principal } : {}) })}`;
}

/** The reverse; of a bare `traceparent` too. */
export function carriedContext(text: string): RequestContext {
  const [traceparent = '', rest] = text.split(/ (.*)/s, 2);
  const begun = contextFromHeaders({ traceparent });
  if (!rest) return begun;
  const { request_id, principal } = JSON.parse(rest) as Pick<RequestContext, 'request_id' | 'principal'>;
  return { ...begun, request_id, ...(principal ? { principal } : {}) };
}

/** Drawn from a stock: asking the system for a few bytes at a time costs more than all else that an id takes. */
function randomHex(bytes: number): string {
  if (used + bytes > entropy.length) {
    randomFillSync(entropy);
    used = 0;
  }
  used += bytes;
  return entropy.toString('hex', used - bytes, used);
}
