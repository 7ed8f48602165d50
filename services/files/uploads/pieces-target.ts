import { Upload } from '@tus/utils';
import type { FilesDeps } from '../deps.ts';
import { piecesSigner } from './own-signers.ts';
import { signPolicy, type UploadTerms } from './policy.ts';

export const piecesPath = '/uploads/resumable';

/** Makes the empty upload, and answers where its pieces are sent: the policy and its signature are part of the address. */
export async function piecesTarget(deps: FilesDeps, terms: UploadTerms): Promise<string> {
  const { pieces } = deps.store;
  const store = await pieces.store();
  const id = pieces.idOf(terms.id);
  // Asked again after a crash: made anew it would lose its first pieces.
  const known = await store.getUpload(id).catch(() => undefined);
  if (!known)
    await store.create(
      new Upload({ id, size: terms.size, offset: 0, metadata: { contentType: terms.contentType } }),
    );
  const fields = signPolicy(terms, piecesSigner(await deps.secret()));
  return `${piecesPath}/${terms.id}?${new URLSearchParams(fields)}`;
}
