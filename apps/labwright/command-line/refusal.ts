import type { Fault, Problem } from '@labwright/kernel/errors';

/** What a service says of a refusal, for somebody who types commands: without routes, and each place by the name that people have for it. */
export function refusalLines(problem: Problem): string[] {
  const faults = problem.faults ?? [];
  const route = faults.length > 0 && faults.every(({ message }) => problem.message.includes(message));
  // Where the text is but the faults in a row, a line for each is easier to read.
  const isList = route && /^(body|querystring|params|headers)\b/.test(problem.message);
  const first = isList ? `${problem.title}:` : withoutRoutes(problem.message);
  const more = isList ? faults : faults.filter(({ message }) => !problem.message.includes(message));
  return [first, ...more.map((fault) => `  ${faultText(fault)}`)];
}

function faultText({ path, message }: Fault): string {
  const place = placeOf(path);
  const text = withoutPatterns(withoutRoutes(message));
  if (place === '' || text.startsWith(place)) return text;
  return `${place}: ${text}`;
}

/** `body.steps[0].parameters.volume_ul` as `step 1, volume_ul`. */
export const placeOf = (path: string): string =>
  path
    .replace(/^(body|querystring|params|headers)\.?/, '')
    .replace(/\.parameters\b/g, '')
    .replaceAll(
      /\b(\w+?)(?:_barcodes|s)\[(\d+)\]/g,
      (_, one: string, index: string) => `${one} ${Number(index) + 1}`,
    )
    .replaceAll('.', ', ');

const patterns: Readonly<Record<string, string>> = {
  '^[a-z][a-z0-9_]{0,63}$': 'is not a name: small letters, digits and _, such as pipette_transfer',
  '^[\\x21-\\x7e]{1,64}$': 'has to be 1 to 64 letters, digits and signs, without blanks',
};

/** A regular expression is of no use to most; another way to say the same thing in a body is of none here. */
const withoutPatterns = (text: string): string =>
  text.replace(
    /^must match pattern "(.*?)"( or must be object)?$/,
    (_, pattern: string) => patterns[pattern] ?? 'is not written as it has to be',
  );

/** A route, or what its body is to have. */
const route = /`?\b(GET|POST|PUT|PATCH|DELETE) \/|Ask again with \{"queue"/;

/** Who asks by commands needs no routes: what to type instead is told beside. Where nothing else is left, it stays as it is. */
export function withoutRoutes(text: string): string {
  const kept = text
    .split(/(?<=[.!?])\s+(?=[`A-Z])/)
    .map((sentence) => {
      const at = sentence.search(route);
      if (at === -1) return sentence;
      const before = Math.max(sentence.lastIndexOf(': ', at), sentence.lastIndexOf('; ', at));
      return before > 0 ? sentence.slice(0, before) + (sentence.endsWith('.') ? '.' : '') : '';
    })
    .filter((sentence) => sentence !== '')
    .join(' ');
  return kept === '' ? text : kept;
}
