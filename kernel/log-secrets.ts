/** Names of members, headers and parameters whose value is a secret wherever it stands. */
const secretWords =
  'password|passphrase|secret|token|authorization|cookie|api[-_]?key|signature|otp|recovery';

/** Each with what stands for it. A line is JSON; what it quotes may be JSON too, with its quotes escaped. */
const patterns: readonly [RegExp, string][] = [
  // Tokens are known by their form, whatever they are called.
  [/\blw_[\w-]{8,}/g, 'lw_…'],
  [/\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*/g, 'eyJ…'],
  [/\b(Bearer|Basic) +[^\s"\\,]+/gi, '$1 …'],
  // postgres://user:password@host
  [/(\b[a-z][a-z0-9+]*:\/\/[^\s:@/"\\]*):[^\s@/"\\]+@/gi, '$1:…@'],
  [new RegExp(`("[^"\\\\]{0,40}(?:${secretWords})[^"\\\\]{0,40}":")(?:[^"\\\\]|\\\\.)*`, 'gi'), '$1…'],
  [new RegExp(`(\\\\"[^"\\\\]{0,40}(?:${secretWords})[^"\\\\]{0,40}\\\\": ?\\\\")[^"\\\\]*`, 'gi'), '$1…'],
  [new RegExp(`([?&;][^=&"\\s\\\\]{0,40}(?:${secretWords})[^=&"\\s\\\\]{0,40}=)[^&"\\s\\\\;]+`, 'gi'), '$1…'],
];

/** A line of a log without the secrets in it. */
export function withoutSecrets(line: string): string {
  return patterns.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line);
}

/** True for what a path or a query names so. */
export const isSecretName = (name: string): boolean => new RegExp(secretWords, 'i').test(name);
