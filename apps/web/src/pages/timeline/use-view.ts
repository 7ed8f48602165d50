import { useCallback, useEffect, useRef, useState } from 'react';
import { pan, type View, viewOf, zoom } from './bars.ts';

const settledMs = 200;
/** Pixels that the first view is made for. */
export const firstWidth = 1_000;

/**
 * What is visible, kept outside of React while somebody drags: a picture is painted at each frame, and nothing else is done for it.
 * `settled` follows when the movement has come to rest: by it what is missing is read.
 */
export function useView(initial: () => View) {
  const [settled, setSettled] = useState<View>(initial);
  const view = useRef<View>(settled);
  // Until the picture has been measured.
  const width = useRef(firstWidth);
  const painter = useRef<() => void>(() => {});
  const frame = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const repaint = useCallback(() => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      painter.current();
    });
  }, []);
  const move = useCallback(
    (next: View) => {
      view.current = next;
      repaint();
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setSettled(next), settledMs);
    },
    [repaint],
  );
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
      clearTimeout(timer.current);
    },
    [],
  );

  return {
    view,
    width,
    painter,
    settled,
    repaint,
    zoomAt: useCallback(
      (factor: number, x: number) => move(zoom(view.current, factor, x, width.current)),
      [move],
    ),
    panBy: useCallback((pixels: number) => move(pan(view.current, pixels)), [move]),
    show: useCallback((from: number, to: number) => move(viewOf(from, to, width.current)), [move]),
  };
}

export type ViewControl = ReturnType<typeof useView>;
