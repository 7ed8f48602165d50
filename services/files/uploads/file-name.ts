import { fileErrors } from '@labwright/contract-hub/files-errors';

/** Letters that end a name early, hide its ending, or make a path of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const forbidden = /[\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Throws `invalid_file_name`. The name is for people alone: no path is ever made of it. */
export function checkName(name: string): void {
  const bad = forbidden.exec(name)?.[0];
  if (bad !== undefined)
    throw fileErrors.problem(
      'invalid_file_name',
      bad === '/' || bad === '\\'
        ? 'The name has a folder in it. Send the name of the file alone.'
        : `The name has a control character (U+${bad.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}). Send it without.`,
    );
  if (/^\.{0,2}$/.test(name.trim()))
    throw fileErrors.problem('invalid_file_name', `"${name}" is no name of a file.`);
}
