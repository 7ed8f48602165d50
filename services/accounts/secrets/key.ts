import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@labwright/kernel/config';

const length = 32;

/**
 * The key of the vault: what LABWRIGHT_SECRET_KEY says (32 bytes in base64), else that of the file `secret-key` in LABWRIGHT_HOME, which is made
 * at the first start and which its owner alone may read. Several hub-services of one database need the same.
 */
export async function secretKey(options: { setting: string | undefined; home: string }): Promise<Buffer> {
  if (options.setting !== undefined) return parse(options.setting, 'LABWRIGHT_SECRET_KEY');
  const file = join(options.home, 'secret-key');
  const known = await read(file);
  if (known) return known;
  // Linked, not written: a second process that starts now finds the whole file or none.
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${randomBytes(length).toString('base64')}\n`, { mode: 0o600 });
  try {
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft);
  }
  const made = await read(file);
  if (!made) throw new ConfigError([`LABWRIGHT_HOME: ${file} cannot be kept there.`]);
  return made;
}

async function read(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ConfigError([`LABWRIGHT_HOME: ${file} cannot be read (${error.code}).`]);
  });
  return text === undefined ? undefined : parse(text.trim(), file);
}

function parse(text: string, where: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (key.length !== length)
    throw new ConfigError([`${where} must be 32 random bytes in base64: openssl rand -base64 32`]);
  return key;
}
