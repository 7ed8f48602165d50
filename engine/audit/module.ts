import type { Queryable } from '@labwright/kernel/db';
import { loop } from '@labwright/kernel/lifecycle';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { printHead, readHead } from './chain/head.ts';
import { sealPending } from './chain/seal.ts';
import { auditErrors } from './errors.ts';
import { auditRoutes } from './trail/routes.ts';

const someone = rows(
  'audit.anything_pending',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM audit_pending LIMIT 1',
);

/** Milliseconds between two looks at what is to be sealed. */
const idleMs = 500;
/** Milliseconds between two heads in the log: whoever keeps logs elsewhere can tell later that nothing was cut off. */
const headEveryMs = 600_000;

/** The audit trail of one service: its routes, and the sealer, which goes on by itself from `start` to `stop`. */
export function createAudit(deps: Pick<ServiceDeps, 'db' | 'log' | 'clock'>): Module {
  const { db, log, clock } = deps;
  const seal = async (signal?: AbortSignal) => ((await db.first(someone)) ? sealPending(db, signal) : 0);
  let told = Number.NEGATIVE_INFINITY;
  let news = 0;
  const tell = async (tx: Queryable) => {
    if (news === 0) return;
    news = 0;
    told = clock.now();
    log.info({ audit_head: printHead(await readHead(tx)) }, 'the head of the audit trail');
  };
  const sealer = loop({
    name: 'audit sealer',
    idleMs,
    log,
    work: async (signal) => {
      news += await seal(signal);
      if (clock.now() - told >= headEveryMs) await tell(db);
    },
  });
  return {
    name: 'audit',
    errors: [auditErrors],
    routes: (app) => {
      auditRoutes(db, seal)(app);
    },
    start: () => sealer.start(),
    stop: async () => {
      await sealer.stop();
      // What was done until now belongs to the chain before anybody is alone with the database.
      try {
        news += await seal();
        await tell(db);
      } catch (error) {
        log.error(
          { err: error },
          'the last entries of the audit trail were not sealed; the next start does it',
        );
      }
    },
  };
}
