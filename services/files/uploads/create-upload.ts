import type { CreateUploadRequest, StoredFile, Upload, UploadTarget } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import type { Queryable } from '@labwright/kernel/db';
import type { Principal } from '@labwright/kernel/identity';
import { command } from '@labwright/kernel/statement';
import type { FilesDeps } from '../deps.ts';
import { loadFile } from '../file-row.ts';
import { usageOf } from '../files/usage.ts';
import { checkName } from './file-name.ts';
import { piecesTarget } from './pieces-target.ts';
import type { UploadTerms } from './policy.ts';

const insert = command(
  'files.insert',
  `INSERT INTO files (id, name, content_type, size, sha256, owner_id, owner_name, workflow_id, plate_id, device_id,
                      resumable, results_wanted, created_at, expires_at, look_at, delete_at)
   VALUES ($1, $2, $3, $4::float8::bigint, $5, $6, $7, $8, $9, $10, $11, $12, $13::timestamptz, $14::timestamptz, $15::timestamptz, $16::timestamptz)
   ON CONFLICT (id) DO NOTHING`,
);

/** Milliseconds after which the sweep looks for a file whose sender never said that it is done. */
const firstLookMs = 30_000;

/**
 * Promises a place for one file and answers how to send it. Throws `invalid_file_name`, `content_type_not_allowed`, `file_too_large`
 * and `quota_exceeded`. Asked again with the same `id`, it answers the same upload.
 */
export async function createUpload(
  deps: FilesDeps,
  id: string,
  owner: Principal,
  request: CreateUploadRequest,
): Promise<Upload> {
  const { settings } = deps;
  checkName(request.name);
  checkType(request.content_type, settings.contentTypes);
  checkSize(request, settings);
  const nowMs = deps.clock.now();
  const seconds = request.resumable ? settings.resumableSeconds : settings.formSeconds;
  const keepDays = request.keep_days ?? settings.keepDays;
  await deps.db.transaction(async (tx) => {
    const made = await tx.execute(insert, [
      id,
      request.name,
      request.content_type,
      request.size,
      request.sha256,
      owner.id,
      owner.name,
      request.workflow_id ?? null,
      request.plate_id ?? null,
      request.device_id ?? null,
      request.resumable ?? false,
      request.results ?? 'auto',
      new Date(nowMs),
      new Date(nowMs + seconds * 1_000),
      new Date(nowMs + firstLookMs),
      keepDays === null ? null : new Date(nowMs + keepDays * 86_400_000),
    ]);
    if (made > 0) await checkQuota(deps, tx, owner.id);
  });
  const file = await loadFile(deps.db, id);
  return { file, upload: await targetOf(deps, file, nowMs, request.resumable ?? false) };
}

async function targetOf(
  deps: FilesDeps,
  file: StoredFile,
  nowMs: number,
  resumable: boolean,
): Promise<UploadTarget> {
  const terms: UploadTerms = {
    id: file.id,
    contentType: file.content_type,
    size: file.size,
    sha256: file.sha256,
    ownerId: file.owner_id,
    issuedMs: nowMs,
    expiresMs: Date.parse(file.expires_at),
  };
  const expires_at = file.expires_at;
  if (resumable) return { method: 'tus', url: await piecesTarget(deps, terms), fields: {}, expires_at };
  return { method: 'form', ...(await deps.store.form(terms)), expires_at };
}

function checkType(type: string, allowed: readonly string[]): void {
  if (allowed.includes(type)) return;
  throw fileErrors.problem(
    'content_type_not_allowed',
    `Files of type ${type} are not taken. \`allowed\` lists those that are.`,
    { extra: { allowed } },
  );
}

function checkSize({ size, resumable }: CreateUploadRequest, settings: FilesDeps['settings']): void {
  const limit = resumable ? settings.resumableBytes : settings.formBytes;
  if (size <= limit) return;
  throw fileErrors.problem(
    'file_too_large',
    resumable || size > settings.resumableBytes
      ? `The file has ${size} bytes; the largest that is taken has ${settings.resumableBytes}.`
      : `The file has ${size} bytes; one form carries at most ${limit}. Ask again with "resumable": true.`,
    { extra: { limit_bytes: settings.resumableBytes } },
  );
}

async function checkQuota({ settings }: FilesDeps, tx: Queryable, ownerId: string): Promise<void> {
  // Counted by the trigger of `files` a moment ago, and held until the end of the transaction.
  const { bytes, open_uploads } = await usageOf({ db: tx, settings }, ownerId);
  if (bytes > settings.quotaBytes)
    throw fileErrors.problem(
      'quota_exceeded',
      `With this file you would have ${bytes} bytes, and ${settings.quotaBytes} is your share. Delete files that nobody needs.`,
      { extra: { quota_bytes: settings.quotaBytes } },
    );
  if (open_uploads > settings.openUploads)
    throw fileErrors.problem(
      'quota_exceeded',
      `${settings.openUploads} of your uploads are under way already. Let some end, or wait until they expire.`,
      { extra: { open_uploads_limit: settings.openUploads } },
    );
}
