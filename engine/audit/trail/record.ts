import { createHash } from 'node:crypto';
import { currentContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { currentPrincipal, type Principal, systemPrincipal } from '@labwright/kernel/identity';
import { command } from '@labwright/kernel/statement';
import { canonical, storableText } from '../chain/canonical.ts';
import { type Approval, useSignature } from './rules.ts';

export interface Audited {
  /** What was done, as `thing.verb`: `device.book`, `workflow.cancel`, `account.lock`. */
  action: string;
  /** To what, as `thing:id`: `device:liquid-handler-1`. */
  subject: string;
  reason?: string | null | undefined;
  /** What it was and what it is now; JSON. Above 32 KiB only its SHA-256 and size are kept. Never a secret. */
  before?: unknown;
  after?: unknown;
  /** Of a statement that was used in this transaction (`useSignature`). */
  signature_id?: string | null | undefined;
  /** Its reason and its signature, which is used up by this. */
  approval?: Approval;
  /** Default: who asks. `systemPrincipal` for what went on by itself; whoever caused it is kept as `on_behalf_of`. */
  actor?: Principal;
}

const insert = command(
  'audit.record',
  `INSERT INTO audit_pending (context, action, subject, reason, before, after, signature_id)
   VALUES ($1::jsonb, $2, $3, $4, $5::jsonb, $6::jsonb, $7)`,
);

/** Puts an entry on record, in the transaction of the change: it is there if and when that commits. Nobody waits for anybody. */
export async function recordAudit(tx: Queryable, entry: Audited): Promise<void> {
  const { approval, signature_id = approval?.signature?.id ?? null } = entry;
  const reason = entry.reason ?? approval?.reason;
  if (approval?.signature) await useSignature(tx, approval.signature);
  await tx.execute(insert, [
    auditContext(entry.actor),
    entry.action,
    storableText(entry.subject).slice(0, longestSubject),
    reason ? storableText(reason) : null,
    kept(entry.before),
    kept(entry.after),
    signature_id,
  ]);
}

/** For `auditSql`: who does it, and in which request. */
export function auditContext(actor: Principal = currentPrincipal()): string {
  const asking = currentPrincipal();
  const context = currentContext();
  const { id, kind, name, role } = actor;
  const caused = asking.id !== actor.id && asking.kind !== 'system';
  const text = JSON.stringify({
    actor: { id, kind, name, role },
    ...(caused ? { on_behalf_of: { id: asking.id, name: asking.name } } : {}),
    ...(context ? { request_id: context.request_id, trace_id: context.trace_id } : {}),
  });
  return unstorable.test(text) ? canonical(JSON.parse(text)) : text;
}

/** U+0000 and halves of surrogate pairs, as JSON writes them. */
const unstorable = /\\u(0000|d[89a-f])/i;

const longestSubject = 300;
const largest = 32_768;

function kept(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = canonical(value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= largest) return text;
  return canonical({ sha256: createHash('sha256').update(text).digest('hex'), bytes });
}

/** The system itself, for `auditSql`. */
const systemSql = `jsonb_build_object('actor', '${JSON.stringify({
  id: systemPrincipal.id,
  kind: systemPrincipal.kind,
  name: systemPrincipal.name,
  role: systemPrincipal.role,
})}'::jsonb)`;

/**
 * The same as part of a statement that makes the change itself, for where an exchange more counts: the text of an INSERT for a
 * `WITH`. Every part is SQL over the columns of `from`; `context` is the parameter that has `auditContext()`, or without it the actor
 * is the system.
 */
export function auditSql(parts: {
  action: string;
  subject: string;
  from: string;
  context?: string;
  reason?: string;
  before?: string;
  after?: string;
}): string {
  const { action, subject, from, context, reason = 'NULL', before = 'NULL', after = 'NULL' } = parts;
  return `INSERT INTO audit_pending (context, action, subject, reason, before, after)
     SELECT ${context ? `${context}::jsonb` : systemSql}, ${action}, ${subject}, ${reason}, ${before}, ${after} FROM ${from}`;
}
