import classes from './status-badge.module.css';
import { statusLook } from './status-look.ts';

/** A status as a word, with a colour beside it that says the same again. `text` where another word is better. */
export function StatusBadge({ status, text }: { status: string; text?: string }) {
  const { tone, word } = statusLook(status);
  return (
    <span className={classes.badge} data-tone={tone}>
      {text ?? word}
    </span>
  );
}
