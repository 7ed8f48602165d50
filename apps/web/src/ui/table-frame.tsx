import type { ReactNode } from 'react';
import classes from './data-table.module.css';

/**
 * Around a table that may be wider than its place: it scrolls, by the keyboard too, and shows that there is more. With `cards`, each row is
 * a card on a phone; its cells say what they are by `data-label`, and the first one needs none.
 */
export function TableFrame({
  label,
  cards = false,
  children,
}: {
  label: string;
  cards?: boolean;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className={classes.frame} data-cards={cards || undefined} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** A title that only screen readers tell, such as that of a column of buttons. */
export const HiddenTitle = ({ children }: { children: string }) => (
  <span className={classes.hidden}>{children}</span>
);
