/** What PostgreSQL's `jsonb` cannot keep, or what is no JSON at all. */
export class NotStorable extends Error {
  override readonly name = 'NotStorable';
}

/** Bytes of JSON, about: larger things belong into a file or a table, and their name into the job. */
const most = 16 * 2 ** 20;

/** As `JSON.stringify` escapes them: the character NUL, and half of a surrogate pair. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * A value as JSON that can be stored; null for undefined. Throws `NotStorable` with a sentence that begins with `what`: a value
 * that goes round, a BigInt, a character that PostgreSQL has no place for, or more than 16 MiB.
 */
export function storableJson(value: unknown, what: string): string | null {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new NotStorable(
      `${what} cannot be written as JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (json === undefined) return null;
  if (json.length > most)
    throw new NotStorable(`${what} has ${json.length} characters as JSON; ${most} are the most.`);
  if (json.includes('\\u') && unstorable.test(json))
    throw new NotStorable(
      `${what} has a character NUL or half of a surrogate pair, which jsonb cannot keep.`,
    );
  return json;
}

/**
 * JSON texts as the literal of an array of PostgreSQL. JSON escapes quotes and backslashes as such a literal wants them, and JSON itself has no character that would be
 * escaped otherwise. The driver looks through each text twice for that, which is most of what it does for a batch.
 */
export const jsonArray = (texts: readonly (string | null)[]): string =>
  `{${texts.map((text) => (text === null ? 'NULL' : JSON.stringify(text))).join(',')}}`;

/** The same text without the characters that cannot be stored. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd');
