import type { Queryable } from '@labwright/kernel/db';
import { isUniqueViolation } from '@labwright/kernel/db';
import { currentPrincipal, type Principal } from '@labwright/kernel/identity';
import { command } from '@labwright/kernel/statement';
import { auditErrors } from '../errors.ts';

/**
 * Who gives a reason for what is sensitive. `accounts`: people who signed in and machines with a token; whoever sits at a
 * laboratory without accounts is not asked. `always`: that one too. Other services and the system itself never are.
 */
export const reasonPolicies = ['accounts', 'always', 'never'] as const;
export type ReasonPolicy = (typeof reasonPolicies)[number];

/** An electronic signature, as a statement of the hub that this service has checked. */
export interface Signature {
  /** Used once. */
  id: string;
  /** The principal, and the printed name at that time. */
  signed_by: string;
  name: string;
  /** What the signature means: "approved", "reviewed", … */
  meaning: string;
  /** ISO 8601. */
  signed_at: string;
  /** What was signed, and of what: good for nothing else. */
  action: string;
  subject: string;
  /** As the hub signed it. */
  statement: string;
}

export interface AuditRules {
  readonly reasons: ReasonPolicy;
  /** Actions that need a signature; `*`: every sensitive one. */
  readonly signatures: readonly string[];
  /** Checks a statement with the keys of the hub. Rejects where it is not good. Undefined: nobody signs here. */
  readonly verify?: ((statement: string) => Promise<Signature>) | undefined;
}

/** Of a laboratory that was not told otherwise. */
export const usualRules: AuditRules = { reasons: 'accounts', signatures: [] };

/** Why somebody does something sensitive, and the signature under it, as far as they were given. */
export interface Approval {
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly signature: Signature | null;
}

/** Looks at what was given; demands nothing yet. Throws `signature_invalid`. */
export async function readApproval(
  rules: AuditRules,
  given: { action: string; subject: string; reason?: string | undefined; signature?: string | undefined },
): Promise<Approval> {
  const { action, subject, reason, signature: statement } = given;
  const approval = { action, subject, reason: reason?.trim() || null };
  if (statement === undefined) return { ...approval, signature: null };
  if (!rules.verify) throw invalid('this laboratory has no accounts, so nobody can sign');
  const signature = await rules.verify(statement).catch((error) => {
    throw invalid('it is none of this laboratory, or its time is over', error);
  });
  if (signature.action !== action || signature.subject !== subject)
    throw invalid(`it was given for ${signature.action} of ${signature.subject}`);
  if (signature.signed_by !== currentPrincipal().id)
    throw invalid(`it is ${signature.name}'s, and nobody signs for somebody else`);
  return { ...approval, signature };
}

const asked: Record<ReasonPolicy, readonly Principal['kind'][]> = {
  accounts: ['user', 'token'],
  always: ['user', 'token', 'local'],
  never: [],
};

/** Throws `reason_required` or `signature_required` where the rules ask for one that is not there. `what` completes "To …". */
export function demandApproval(
  rules: AuditRules,
  { action, subject, reason, signature }: Approval,
  what: string,
): void {
  const { kind } = currentPrincipal();
  if (reason === null && asked[rules.reasons].includes(kind))
    throw auditErrors.problem(
      'reason_required',
      `To ${what}, say why: {"reason": "…"}. It is kept in the audit trail. Nothing was done.`,
      { faults: [{ path: 'body.reason', message: 'is required here' }], extra: { action, subject } },
    );
  const signed = rules.signatures.includes(action) || rules.signatures.includes('*');
  // A machine cannot give a password: what has to be signed is not for it.
  if (signature === null && signed && ['user', 'token'].includes(kind))
    throw auditErrors.problem(
      'signature_required',
      `To ${what}, sign it: POST /signatures of hub-service with your password, the meaning, the action "${action}" and the subject "${subject}" gives a statement for {"signature": "…"}. Nothing was done.`,
      { faults: [{ path: 'body.signature', message: 'is required here' }], extra: { action, subject } },
    );
}

const use = command(
  'audit.use_signature',
  `INSERT INTO audit_signatures (id, signed_by, name, meaning, signed_at, action, subject, statement)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/** Marks a signature as used, in the transaction of what was signed. Throws `signature_used`: each is good for one time. */
export async function useSignature(tx: Queryable, signature: Signature): Promise<void> {
  const { id, signed_by, name, meaning, signed_at, action, subject, statement } = signature;
  try {
    await tx.execute(use, [id, signed_by, name, meaning, signed_at, action, subject, statement]);
  } catch (error) {
    if (!isUniqueViolation(error, 'audit_signatures_pkey')) throw error;
    throw auditErrors.problem(
      'signature_used',
      'This signature was used before, and one is good for one time. Sign again. Nothing was done.',
    );
  }
}

function invalid(why: string, cause?: unknown) {
  return auditErrors.problem(
    'signature_invalid',
    `The signature is not good here: ${why}. Sign again with POST /signatures of hub-service. Nothing was done.`,
    cause === undefined ? {} : { cause },
  );
}
