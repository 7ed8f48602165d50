import type { MigrationSet } from '@labwright/kernel/migrate';

export { type Head, parseHead, printHead, readHead } from './chain/head.ts';
export { sealPending } from './chain/seal.ts';
export { type ChainFault, type ChainReport, verifyChain } from './chain/verify.ts';
export { auditErrors } from './errors.ts';
export { createAudit } from './module.ts';
export { type Audited, auditContext, auditSql, recordAudit } from './trail/record.ts';
export {
  type Approval,
  type AuditRules,
  demandApproval,
  type ReasonPolicy,
  readApproval,
  reasonPolicies,
  type Signature,
  useSignature,
  usualRules,
} from './trail/rules.ts';

/** The tables that every audited database carries beside its own. */
export const auditMigrations: MigrationSet = {
  name: 'audit',
  folder: new URL('./migrations', import.meta.url).pathname,
};
