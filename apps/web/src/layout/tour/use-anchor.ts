import { useEffect, useState } from 'react';

/** In pixels of the window. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Room around what is pointed at, and what the head of the page covers. */
const margin = 6;
const head = 56;

/**
 * Where the first element with this `data-tour` stands, as long as there is one: a page may still be loading, and moves while it is live.
 * It is scrolled to once.
 */
export function useAnchor(name: string): Place | undefined {
  const [place, setPlace] = useState<Place>();
  useEffect(() => {
    let frame = 0;
    let found: Element | null = null;
    const look = () => {
      frame = 0;
      const element = document.querySelector(`[data-tour="${name}"]`);
      if (element && element !== found) element.scrollIntoView({ block: 'start', inline: 'nearest' });
      found = element;
      const next = element ? placeOf(element) : undefined;
      setPlace((before) => (same(before, next) ? before : next));
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    const changes = new MutationObserver(later);
    changes.observe(document.body, { childList: true, subtree: true });
    addEventListener('scroll', later, { capture: true, passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      changes.disconnect();
      removeEventListener('scroll', later, { capture: true });
      removeEventListener('resize', later);
    };
  }, [name]);
  return place;
}

function placeOf(element: Element): Place {
  const { left, top, width, bottom } = element.getBoundingClientRect();
  // In the head itself nothing is covered by it.
  const highest = bottom <= head ? 0 : head;
  const from = Math.max(highest, top - margin);
  const to = Math.min(innerHeight - margin, bottom + margin);
  return { left: left - margin, top: from, width: width + 2 * margin, height: Math.max(0, to - from) };
}

const same = (a: Place | undefined, b: Place | undefined) =>
  a?.left === b?.left && a?.top === b?.top && a?.width === b?.width && a?.height === b?.height;
