import { patiently } from '../load.ts';

/** SHA-256 of a file, in hexadecimal. Over plain http a browser has no hash function of its own, except on the machine of the laboratory. */
export async function sha256(file: Blob): Promise<string> {
  const digest = globalThis.crypto.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
    : await inScript(file);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function inScript(file: Blob): Promise<Uint8Array> {
  const { sha256: algorithm } = await patiently(() => import('@noble/hashes/sha2.js'));
  const hash = algorithm.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { value } = await reader.read();
    if (!value) return hash.digest();
    hash.update(value);
  }
}
