/** The most people that one message names. */
export const mostMentions = 20;

/** By what names somebody is mentioned: the whole name with dots between its words, and what stands before the @ of the address. */
export function handlesOf(person: { name: string; email?: string | null }): string[] {
  const names = [person.name, person.email?.split('@', 1)[0] ?? ''];
  return [...new Set(names.map(handleOf).filter((handle) => handle !== ''))];
}

/** `Ada  Lovelace` → `ada.lovelace`; empty where no letter or digit is left. */
function handleOf(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '.')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, 64);
}

// Not within a word: the @ of an e-mail address names nobody. A dot or a hyphen at the end belongs to the sentence.
const mention =
  /(?<![\p{L}\p{M}\p{N}_.@-])@([\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._-]{0,62}[\p{L}\p{M}\p{N}_])?)/gu;

/** The handles that a text names, each once, the first `mostMentions` of them. */
export function mentionedIn(text: string): string[] {
  const handles = new Set<string>();
  for (const [, name] of text.normalize('NFKC').matchAll(mention)) {
    if (handles.size === mostMentions) break;
    handles.add((name ?? '').toLowerCase());
  }
  return [...handles];
}
