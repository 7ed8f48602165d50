import Type, { type TSchema } from 'typebox';

/** `application/problem+json`, RFC 9457, with Labwright's `code`, `error` and `faults`. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable: programs may rely on it.' }),
    error: Type.String({ description: 'The plain text, for people.' }),
    faults: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'Each place of the input that is wrong.',
      }),
    ),
    request_id: Type.Optional(Type.String()),
  },
  {
    title: 'Problem',
    additionalProperties: true,
    description: 'What went wrong, and what to do about it.',
  },
);

/** ISO 8601, UTC, as it stands in the database: up to microseconds. */
export const Timestamp = Type.String({ format: 'date-time', description: 'ISO 8601, UTC.' });

export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** At most 100 rows a page; the next page is asked for with the cursor of the last answer. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50, description: 'Rows a page.' })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 300, description: '`next_cursor` of the page before.' }),
  ),
};

export const NextCursor = nullable(Type.String({ description: 'Null at the end.' }));

/** The forms in which a body is documented; a route may give its own (`content`). */
interface Described {
  description?: string;
  content?: unknown;
}

const problemType = 'application/problem+json';
const problemAnswer = {
  description: 'What went wrong, and what to do about it.',
  content: { [problemType]: { schema: ProblemSchema } },
};

const done: Record<string, string> = {
  200: 'Done.',
  201: 'Made.',
  202: 'Accepted: it goes on by itself.',
  204: 'Done.',
};

/** Response map of a route: its own answers plus a problem for everything else. */
export function answers<const R extends Record<number, TSchema>>(
  responses: R,
): R & { '4xx': typeof ProblemSchema; '5xx': typeof ProblemSchema } {
  const named = Object.entries(responses as Record<string, TSchema & Described>).map(([status, schema]) => {
    // A problem with members of its own.
    if (Number(status) >= 400) return [status, { ...problemAnswer, content: { [problemType]: { schema } } }];
    if (schema.description) return [status, schema];
    return [status, { 'x-response-description': done[status] ?? 'Done.', ...schema }];
  });
  return { ...Object.fromEntries(named), '4xx': problemAnswer, '5xx': problemAnswer };
}
