import { constants } from 'node:os';
import type { Terminal } from '../command-line/terminal.ts';
import type { Lab } from '../lab/open-lab.ts';
import { picture, sectionCount } from './picture.ts';
import { type LabView, readView } from './read-view.ts';
import { type Key, openScreen } from './screen.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The laboratory over the whole screen, until somebody leaves it. A service that goes away is named, and what was last seen stays. Answers the
 * exit code. Where nobody answers at all, it throws before the screen is touched.
 */
export async function watch(lab: Lab, terminal: Terminal, everyMs: number): Promise<number> {
  let view: LabView = await readView(lab);
  let trouble: string | null = null;
  let focus = 0;
  const offsets = Array.from({ length: sectionCount }, () => 0);
  const ending = new AbortController();
  let code = 0;
  let wake = () => {};
  const end = (exitCode: number) => {
    code = exitCode;
    ending.abort();
    wake();
  };

  let lengths: number[] = [];
  let rooms: number[] = [];
  const draw = () => {
    const { width, height } = screen;
    const drawn = picture(view, { width, height, focus, offsets, trouble, where: lab.hub.url }, terminal);
    ({ lengths, rooms } = drawn);
    screen.draw(drawn.lines);
  };
  const onKey = (key: Key) => {
    if (key === 'quit') return end(0);
    if (key === 'refresh') return wake();
    if (key === 'tab') focus = (focus + 1) % sectionCount;
    else scroll(key);
    draw();
  };
  const scroll = (key: Key) => {
    const room = rooms[focus] ?? 1;
    const last = Math.max(0, (lengths[focus] ?? 0) - room);
    const moves: Partial<Record<Key, number>> = {
      up: -1,
      down: 1,
      pageUp: -room,
      pageDown: room,
      home: -last,
      end: last,
    };
    offsets[focus] = Math.max(0, Math.min(last, (offsets[focus] ?? 0) + (moves[key] ?? 0)));
  };

  const stopped = signals.map((signal) => {
    const stop = () => end(128 + constants.signals[signal]);
    process.on(signal, stop);
    return () => process.off(signal, stop);
  });
  const screen = openScreen(terminal, { onKey, onResize: () => draw() });
  try {
    draw();
    while (!ending.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (ending.signal.aborted) break;
      try {
        view = await readView(lab, ending.signal);
        trouble = null;
      } catch (error) {
        if (ending.signal.aborted) break;
        trouble = error instanceof Error ? error.message : String(error);
      }
      draw();
    }
  } finally {
    screen.close();
    for (const off of stopped) off();
  }
  return code;
}
