import { errorCatalogue } from '@labwright/kernel/errors';

/** What every audited service can answer beside its own errors. */
export const auditErrors = errorCatalogue({
  reason_required: {
    status: 422,
    title: 'This needs a reason',
    remedy: 'Send it in `reason`: it is kept in the audit trail. `REQUIRE_REASON` says who is asked for one.',
  },
  signature_required: {
    status: 422,
    title: 'This needs an electronic signature',
    remedy:
      '`POST /signatures` of hub-service, with your password, the meaning of the signature, and the `action` and `subject` that the problem names, gives a statement; send it in `signature`.',
  },
  signature_invalid: {
    status: 422,
    title: 'The signature is not good for this',
    remedy: 'A signature is for one action on one subject, by whoever asks, for five minutes. Sign again.',
  },
  signature_used: {
    status: 409,
    title: 'The signature was used before',
    remedy: 'Each is good for one time. Sign again.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of this list',
    remedy: 'Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  },
  invalid_head: {
    status: 400,
    title: 'That is no head of an audit trail',
    remedy:
      'A head has the form SEQ:HASH:CHAIN, as `labwright audit head`, `GET /audit/head` and the log print it.',
  },
});
