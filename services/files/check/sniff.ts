/** How the bytes of a type begin; one of them. */
const beginnings: Record<string, readonly number[][]> = {
  'application/gzip': [[0x1f, 0x8b]],
  'application/pdf': [[0x25, 0x50, 0x44, 0x46, 0x2d]],
  'application/vnd.ms-excel': [[0xd0, 0xcf, 0x11, 0xe0]],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': [[0x50, 0x4b]],
  'application/zip': [[0x50, 0x4b]],
  'image/jpeg': [[0xff, 0xd8, 0xff]],
  'image/png': [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  'image/tiff': [
    [0x49, 0x49, 0x2a, 0x00],
    [0x4d, 0x4d, 0x00, 0x2a],
  ],
};

const isText = (type: string) =>
  type.startsWith('text/') || type === 'application/json' || type === 'application/xml';

/** Why these bytes are not what their type says; undefined: they may be. */
export function contradiction(type: string, head: Buffer): string | undefined {
  const wanted = beginnings[type];
  if (wanted && !wanted.some((bytes) => Buffer.from(bytes).equals(head.subarray(0, bytes.length))))
    return `It was announced as ${type}, and does not begin like one.`;
  // UTF-16, which instruments write, has zeros, and says so by its first two bytes.
  const utf16 = ['fffe', 'feff'].includes(head.subarray(0, 2).toString('hex'));
  if (isText(type) && !utf16 && head.includes(0))
    return `It was announced as ${type}, and holds bytes that no text has.`;
  return undefined;
}
