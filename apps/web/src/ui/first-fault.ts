/**
 * Goes to the first place of a form that is marked as wrong: a field (`aria-invalid`), a field of several inputs (`data-error`), or a text
 * that stands where a field is missing (`data-faulty`, with `tabIndex={-1}`).
 */
export function showFirstFault(form: HTMLElement | null): void {
  const place = form?.querySelector<HTMLElement>(
    '[aria-invalid="true"], [data-error="true"] input, [data-faulty]',
  );
  // In the middle: at an edge the head of the page would lie over it.
  place?.scrollIntoView({ block: 'center' });
  place?.focus({ preventScroll: true });
}
