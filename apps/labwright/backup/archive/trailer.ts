/**
 * The last bytes of an archive: a frame that zstd skips, with the SHA-256 of all that comes before it. One byte that has changed anywhere,
 * in the compressed data, in what zstd ignores or in the trailer itself, is seen by it.
 */
const label = Buffer.from('LABWRIGHT SHA256');
const skippable = 0x184d2a5e;
const digestBytes = 32;

export const trailerBytes = 8 + label.length + digestBytes;

export function writeTrailer(digest: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(skippable, 0);
  head.writeUInt32LE(label.length + digestBytes, 4);
  return Buffer.concat([head, label, digest]);
}

/** The checksum, or undefined where these bytes are no trailer. */
export function readTrailer(bytes: Buffer): Buffer | undefined {
  const digest = bytes.subarray(trailerBytes - digestBytes);
  return bytes.length === trailerBytes && writeTrailer(digest).equals(bytes) ? digest : undefined;
}
