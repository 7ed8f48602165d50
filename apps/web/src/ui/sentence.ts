/** A text of somebody else, an instrument or a service, before another sentence: with a full stop where it has none. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?…]["”’)]*$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
