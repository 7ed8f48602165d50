import { csv, type LogFormat, ndjson } from './stream.ts';

const formats = new Map<string, LogFormat | 'json'>([
  ['application/json', 'json'],
  ['application/x-ndjson', ndjson],
  ['application/ndjson', ndjson],
  ['text/csv', csv],
  ['application/*', 'json'],
  ['text/*', csv],
  ['*/*', 'json'],
]);

/**
 * What the `Accept` header asks for first among what there is (RFC 9110, section 12.5.1: by weight, then in the order
 * given). JSON where it is absent or names nothing that is known.
 */
export function preferredFormat(accept: string | undefined): LogFormat | 'json' {
  const wishes = (accept ?? '')
    .split(',')
    .map((wish) => {
      const [range = '', ...parameters] = wish.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return { format: formats.get(range), weight: weight ? Number(weight.slice(2)) : 1 };
    })
    .filter((wish) => wish.weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return wishes.find((wish) => wish.format)?.format ?? 'json';
}
