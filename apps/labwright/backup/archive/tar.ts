/**
 * The inside of an archive is a plain tar, so that it can be looked into without us: `zstd -dc FILE | tar -t`. Each part is preceded by
 * a pax record with its SHA-256.
 */
import { createHash } from 'node:crypto';

export interface Part {
  readonly name: string;
  readonly data: Buffer;
}

export const block = 512;
const longestName = 100;
/** The key of our record; pax keeps names with a capital vendor prefix for programs of their own. */
const checksumKey = 'LABWRIGHT.sha256';

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** What stands before the bytes of a part. `name`: at most 100 plain characters. */
export function partHead({ name, data }: Part): Buffer {
  if (!/^[\w./-]{1,100}$/.test(name)) throw new Error(`"${name}" is no name of a part.`);
  const record = Buffer.from(paxRecord(checksumKey, sha256(data)));
  return Buffer.concat([header('pax', record.length, 'x'), padded(record), header(name, data.length, '0')]);
}

/** Zeros up to the next block. */
export const paddingOf = (length: number): Buffer => Buffer.alloc((block - (length % block)) % block);
const padded = (data: Buffer) => Buffer.concat([data, paddingOf(data.length)]);

export const endOfTar = Buffer.alloc(2 * block);

/** `27 key=value\n`: the number counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function header(name: string, size: number, type: 'x' | '0'): Buffer {
  const made = Buffer.alloc(block);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  made.write(name.slice(0, longestName), 0, 'latin1');
  made.write(octal(0o600, 8), 100, 'latin1');
  made.write(octal(0, 8), 108, 'latin1');
  made.write(octal(0, 8), 116, 'latin1');
  made.write(octal(size, 12), 124, 'latin1');
  made.write(octal(0, 12), 136, 'latin1');
  made.write(' '.repeat(8), 148, 'latin1');
  made.write(type, 156, 'latin1');
  made.write('ustar\0', 257, 'latin1');
  made.write('00', 263, 'latin1');
  made.write(
    `${octal(
      made.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
    'latin1',
  );
  return made;
}

export interface PartHeader {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

/** Undefined for the zeros at the end; throws a sentence for what is no header. */
export function readHeader(bytes: Buffer): PartHeader | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined;
  const text = (from: number, to: number) => bytes.toString('latin1', from, to).replace(/\0.*$/s, '');
  const sum = Number.parseInt(text(148, 155), 8);
  const counted = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  const size = Number.parseInt(text(124, 136), 8);
  if (sum !== counted || !Number.isSafeInteger(size)) throw new Error('a header in it is damaged.');
  return { name: text(0, 100), size, type: text(156, 157) };
}

/** The checksum that a pax record announces for the part behind it. */
export function announcedChecksum(record: Buffer): string | undefined {
  return new RegExp(`^\\d+ ${checksumKey}=([0-9a-f]{64})\\n$`).exec(record.toString('latin1'))?.[1];
}
