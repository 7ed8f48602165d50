import { SampleUse, workflowErrors } from '@labwright/contract-workflows';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { decodeCursor, encodeCursor } from './cursors.ts';
import { findSample } from './find-samples.ts';
import type { PageRequest } from './list-samples.ts';

/** By `workflow_samples_by_sample`, then `workflows_pkey`: as many workflows are read as the page has. */
const list = rows(
  'samples.uses',
  Type.Object({ ...SampleUse.properties, added_at: Type.String() }),
  `SELECT w.id, w.name, w.device_id, w.status, w.created_at, w.finished_at, held.added_at::text AS added_at
   FROM workflow_samples AS held JOIN workflows AS w ON w.id = held.workflow_id
   WHERE held.sample_id = $1 AND (held.added_at, held.workflow_id) < ($2::timestamptz, $3)
   ORDER BY held.added_at DESC, held.workflow_id DESC LIMIT $4`,
);

/** As a timestamp is read and written by the database, and the id of a workflow. */
const positionShape =
  /^(infinity|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d) ([A-Za-z0-9_.-]{0,50})$/;

/** The workflows in which a sample is used, newest first. Throws `sample_not_found`, `invalid_cursor`. */
export async function listUses(
  db: Db,
  barcode: string,
  page: PageRequest,
): Promise<{ workflows: SampleUse[]; next_cursor: string | null }> {
  const listName = ['sample uses', barcode];
  const [, time = 'infinity', id = ''] =
    positionShape.exec(decodeCursor(listName, page.cursor, 'infinity ', positionShape)) ?? [];
  const sample = await findSample(db, barcode);
  if (!sample)
    throw workflowErrors.problem('sample_not_found', `There is no sample with the barcode ${barcode}.`);
  const found = await db.query(list, [sample.id, time, id, page.limit + 1]);
  const shown = found.slice(0, page.limit);
  const last = found.length > page.limit ? shown.at(-1) : undefined;
  return {
    workflows: shown.map(({ added_at: _added, ...use }) => use),
    next_cursor: last ? encodeCursor(listName, `${last.added_at} ${last.id}`) : null,
  };
}
