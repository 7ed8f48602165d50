import { Suspense, useEffect, useSyncExternalStore } from 'react';
import { approvals } from '../../api/approvals.ts';
import { lazyPart } from '../../load.ts';

const ApprovalDialog = lazyPart(() => import('./approval-dialog.tsx'));

/** Asks for reasons and signatures wherever an action wants them; the dialog is loaded when it is first needed. */
export function ApprovalHost() {
  const asking = useSyncExternalStore(approvals.subscribe, approvals.asking);
  useEffect(() => approvals.host(), []);
  return <Suspense>{asking && <ApprovalDialog asking={asking} />}</Suspense>;
}
