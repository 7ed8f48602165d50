import { type Ask, type AskAnswers, type AskInput, asks } from '@labwright/contract-hub/chat';
import { contextFromHeaders, runInContext } from '@labwright/kernel/context';
import { commonErrors, type ProblemBody } from '@labwright/kernel/errors';
import { toProblem } from '@labwright/kernel/http/problems';
import { schemaCompiler } from '@labwright/kernel/http/validation';
import type { Log } from '@labwright/kernel/log';

/** What an ask is answered with. */
export type Ack<A extends Ask> = { ok: true; value: AskAnswers[A] } | { ok: false; problem: ProblemBody };

export type Answerers = { readonly [A in Ask]: (input: AskInput<A>) => Promise<AskAnswers[A]> };

const compile = schemaCompiler();
const checks = Object.fromEntries(
  Object.entries(asks).map(([name, schema]) => [
    name,
    compile({ schema, method: 'POST', url: '', httpPart: 'body' }),
  ]),
) as Record<Ask, ReturnType<typeof compile>>;

/** Checks what a client sent, has it answered, and tells the outcome; whatever came, it never throws. */
export async function answerAsk<A extends Ask>(
  log: Log,
  answerers: Answerers,
  ask: A,
  given: readonly unknown[],
): Promise<void> {
  const last = given.at(-1);
  const acknowledge = typeof last === 'function' ? (last as (ack: Ack<A>) => void) : () => {};
  const context = contextFromHeaders({});
  await runInContext(context, async () => {
    try {
      const input = given[0];
      assertValid(ask, input);
      acknowledge({ ok: true, value: await answerers[ask](input) });
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'internal_error') log.error({ err: error, ask }, 'an ask of a socket failed');
      const wire = problem.toWire(context.request_id);
      acknowledge({
        ok: false,
        problem:
          problem.retryAfter === undefined ? wire : { ...wire, retry_after: Math.ceil(problem.retryAfter) },
      });
    }
  });
}

function assertValid<A extends Ask>(ask: A, input: unknown): asserts input is AskInput<A> {
  const check = checks[ask];
  if (check(input) !== true)
    throw toProblem(
      Object.assign(new Error(), { validation: check.errors ?? [], validationContext: 'message' }),
    );
  const text = (input as { text?: string }).text;
  if (text !== undefined && !text.isWellFormed())
    throw commonErrors.problem(
      'validation_failed',
      'message.text holds half a character (a lone surrogate).',
      {
        faults: [{ path: 'message.text', message: 'holds half a character' }],
      },
    );
}
