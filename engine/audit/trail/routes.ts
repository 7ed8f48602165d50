import type { Db } from '@labwright/kernel/db';
import { type App, answers, NextCursor, nullable, PageQuery, Timestamp } from '@labwright/kernel/http';
import Type from 'typebox';
import { type Head, parseHead, printHead, readHead } from '../chain/head.ts';
import { type Place, verifyPart } from '../chain/verify.ts';
import { auditErrors } from '../errors.ts';
import { AuditPage, listAudit } from './list.ts';

const ListQuery = Type.Object(
  {
    ...PageQuery,
    actor: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The id of who did it.' })),
    subject: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'What it was done to: `device:liquid-handler-1`.',
      }),
    ),
    action: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: '`device.book`, …' })),
    from: Type.Optional({ ...Timestamp, description: 'Sealed at this time or later.' }),
    to: Type.Optional({ ...Timestamp, description: 'Sealed before this time.' }),
  },
  { additionalProperties: false },
);

const HeadAnswer = Type.Object(
  {
    chain: Type.String({ description: 'Names this chain among all others.' }),
    seq: Type.String({ description: 'The number of the last entry.' }),
    hash: Type.String({ description: 'Its hash.' }),
    head: Type.String({ description: 'All three in one word, for `labwright audit verify --head`.' }),
  },
  { title: 'AuditHead' },
);

const VerifyQuery = Type.Object(
  {
    head: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description:
          'A head that was kept elsewhere (`head` of `GET /audit/head`): its entry is compared, and the check begins behind it.',
      }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 300, description: '`next_cursor` of the part before.' }),
    ),
  },
  { additionalProperties: false },
);

const VerifyAnswer = Type.Object({
  head: HeadAnswer,
  entries: Type.Integer({
    description: 'Entries of this part that were read and computed anew; 2,000 at most.',
  }),
  faults: Type.Array(
    Type.Object({
      kind: Type.String(),
      seq: nullable(
        Type.String({ description: 'The entry in question; null where it is the chain as a whole.' }),
      ),
      text: Type.String(),
    }),
    { description: 'The first hundred of this part. Empty: all is as it was written.' },
  ),
  fault_count: Type.Integer(),
  pending: Type.Integer({ description: 'Committed and not chained yet.' }),
  next_cursor: NextCursor,
});

/** `seal` chains what was committed before: whoever did something finds it here. */
export const auditRoutes = (db: Db, seal: () => Promise<unknown>) => (app: App) => {
  app.get(
    '/audit',
    {
      config: { access: 'operator', domain: 'audit' },
      schema: {
        summary: 'What was done, by whom and why, newest first',
        description:
          'Filters together: each has to fit. A page may hold fewer than `limit`; `next_cursor` tells whether more follow.',
        tags: ['audit'],
        querystring: ListQuery,
        response: answers({ 200: AuditPage }),
      },
    },
    async ({ query }) => {
      await seal();
      return listAudit(db, { limit: 50, ...query });
    },
  );

  app.get(
    '/audit/head',
    {
      config: { access: 'operator', domain: 'audit' },
      schema: {
        summary: 'How far the chain of the audit trail has come',
        description:
          'Kept where nobody who can write to this database can write, it proves later that nothing up to there was changed or cut off.',
        tags: ['audit'],
        response: answers({ 200: HeadAnswer }),
      },
    },
    async () => {
      await seal();
      const head = await readHead(db);
      return { ...head, head: printHead(head) };
    },
  );

  app.get(
    '/audit/verification',
    {
      config: { access: 'operator', domain: 'audit' },
      schema: {
        summary: 'Verify the chain of the audit trail, part by part',
        description:
          'Computes 2,000 entries anew: every hash, every link, every number. Go on with `next_cursor` until it is null. From the beginning, or behind a head that was kept elsewhere; only such a head shows that the end was not cut off, nor all of it written anew. `labwright audit verify` does the whole in one go.',
        tags: ['audit'],
        querystring: VerifyQuery,
        response: answers({ 200: VerifyAnswer }),
      },
    },
    async ({ query }) => {
      await seal();
      const { head, next, faults, entries, faultCount, pending } = await verifyPart(db, fromOf(query));
      return {
        head: { ...head, head: printHead(head) },
        entries,
        faults,
        fault_count: faultCount,
        pending: pending.count,
        next_cursor: next === null ? null : `v${next.seq}.${next.id}.${next.prev ?? '-'}`,
      };
    },
  );
};

/** Where a check begins. Throws `invalid_cursor`, `invalid_head`. */
function fromOf({
  head,
  cursor,
}: {
  head?: string;
  cursor?: string;
}): { place: Place } | { kept: Head } | 'beginning' {
  if (cursor !== undefined) {
    const [, seq, id, prev] = /^v(\d{1,18})\.(\d{1,18})\.([0-9a-f]{64}|-)$/.exec(cursor) ?? [];
    if (seq && id && prev) return { place: { seq, id, prev: prev === '-' ? null : prev } };
    throw auditErrors.problem(
      'invalid_cursor',
      'The cursor is not one of a verification. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
    );
  }
  if (head === undefined) return 'beginning';
  const kept = parseHead(head);
  if (kept && kept.seq.length < 19) return { kept };
  throw auditErrors.problem(
    'invalid_head',
    'That is no head: one has the form SEQ:HASH:CHAIN, as `labwright audit head`, `GET /audit/head` and the log print it.',
  );
}
