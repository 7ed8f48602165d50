import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';

/** Milliseconds without a letter, after which the address is told. */
const restMs = 250;

/**
 * A text that is typed, and stands in the address a moment later: `[text, type]`. What is typed meanwhile is never taken back; what
 * changes the address elsewhere, a link or the way back, changes the text.
 */
export function useTyped(value: string, tell: (text: string) => void) {
  const [text, setText] = useState(value);
  // Told, and not yet in the address.
  const told = useRef<string[]>([]);
  useEffect(() => {
    const own = told.current.indexOf(value);
    told.current = own === -1 ? [] : told.current.slice(own + 1);
    if (own === -1) setText(value);
  }, [value]);
  const tellLater = useDebouncedCallback((next: string) => {
    told.current.push(next);
    tell(next);
  }, restMs);
  const type = (next: string) => {
    setText(next);
    tellLater(next);
  };
  return [text, type] as const;
}
