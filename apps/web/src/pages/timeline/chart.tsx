import { useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useRef, useState } from 'react';
import { shortTime } from '../../ui/times.ts';
import { type Bar, barAt, firstFrom, lasting, type Row, ticks } from './bars.ts';
import classes from './chart.module.css';
import { paint, paletteOf, rowHeight } from './drawing.ts';
import { Tip } from './tip.tsx';
import type { ViewControl } from './use-view.ts';

interface Pointed {
  readonly bar: Bar;
  readonly x: number;
  readonly y: number;
}

/**
 * The picture: one row a device. With a pointer: drag to move, Ctrl and the wheel (or two fingers) to come nearer. By keyboard: up and down for rows, left and right
 * for the bars of a row, + and −, N for now; what is chosen is said.
 */
export function Chart({
  rows,
  names,
  control,
  now,
}: {
  rows: readonly Row[];
  names: ReadonlyMap<string, string>;
  control: ViewControl;
  now: number;
}) {
  const { view, width, painter, settled, repaint, zoomAt, panBy, show } = control;
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<Pointed>();
  const [chosen, setChosen] = useState<Bar>();
  const drag = useRef<number>(undefined);
  const palette = paletteOf(useComputedColorScheme('light'));
  const help = useId();
  const height = Math.max(1, rows.length) * rowHeight;

  useEffect(() => {
    painter.current = () => {
      const context = canvas.current?.getContext('2d');
      if (!context || !canvas.current) return;
      const scale = window.devicePixelRatio || 1;
      const wanted = [Math.round(width.current * scale), Math.round(height * scale)] as const;
      if (canvas.current.width !== wanted[0]) canvas.current.width = wanted[0];
      if (canvas.current.height !== wanted[1]) canvas.current.height = wanted[1];
      context.setTransform(scale, 0, 0, scale, 0, 0);
      paint(context, {
        rows,
        view: view.current,
        width: width.current,
        ticks: ticks(view.current, width.current),
        now,
        chosen: chosen?.id ?? pointed?.bar.id,
        palette,
      });
    };
    repaint();
  }, [rows, now, chosen, pointed, palette, height, painter, repaint, view, width]);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const { from, msPerPixel } = view.current;
      const span = width.current * msPerPixel;
      const next = entry?.contentRect.width ?? 1;
      width.current = next;
      // The same stretch of time on more or fewer pixels.
      show(from, from + span);
    });
    observer.observe(element);
    // React's own listener for the wheel is passive: it could not keep the page from zooming.
    const onWheel = (event: WheelEvent) => {
      const x = event.clientX - element.getBoundingClientRect().left;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoomAt(Math.exp(event.deltaY / 300), x);
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        panBy(event.deltaX || event.deltaY);
      }
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', onWheel);
    };
  }, [show, zoomAt, panBy, view, width]);

  const onPointerMove = (event: PointerEvent) => {
    if (drag.current !== undefined) {
      panBy(drag.current - event.clientX);
      drag.current = event.clientX;
      return;
    }
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = rows[Math.floor(y / rowHeight)];
    const bar =
      row && barAt(row, view.current.from + x * view.current.msPerPixel, 4 * view.current.msPerPixel);
    setPointed(bar && { bar, x, y });
  };
  const onPointerDown = (event: PointerEvent) => {
    drag.current = event.clientX;
    event.currentTarget.setPointerCapture(event.pointerId);
    setPointed(undefined);
  };
  const onPointerUp = () => {
    drag.current = undefined;
  };

  /** Into the picture, where it is not. */
  const reveal = (bar: Bar) => {
    const { from, msPerPixel } = view.current;
    const span = width.current * msPerPixel;
    if (bar.to < from || bar.from > from + span) show(bar.from - span / 2, bar.from + span / 2);
    setChosen(bar);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { from, msPerPixel } = view.current;
    const middle = from + (width.current * msPerPixel) / 2;
    const at = Math.max(
      0,
      rows.findIndex(({ device }) => device === chosen?.device),
    );
    const bars = rows[at]?.bars ?? [];
    const index = chosen ? bars.findIndex(({ id }) => id === chosen.id) : firstFrom(bars, middle) - 1;
    const toRow = (direction: 1 | -1) => {
      for (let row = chosen ? at + direction : at; rows[row]; row += direction) {
        const others = rows[row]?.bars ?? [];
        const near = others[Math.min(others.length - 1, firstFrom(others, chosen?.from ?? middle))];
        if (near) return reveal(near);
      }
    };
    const step = (direction: 1 | -1) => {
      const next = bars[index + direction];
      if (next) reveal(next);
    };
    const halfSpan = (width.current * msPerPixel) / 2;
    const actions = new Map<string, () => void>([
      ['arrowup', () => toRow(-1)],
      ['arrowdown', () => toRow(1)],
      ['arrowleft', () => (event.shiftKey ? panBy(-120) : step(-1))],
      ['arrowright', () => (event.shiftKey ? panBy(120) : step(1))],
      ['+', () => zoomAt(0.7, width.current / 2)],
      ['-', () => zoomAt(1 / 0.7, width.current / 2)],
      ['n', () => show(now - halfSpan, now + halfSpan)],
      ['escape', () => setChosen(undefined)],
    ]);
    const action = actions.get(event.key.toLowerCase());
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };

  const marks = ticks(settled, width.current);
  return (
    <div className={classes.frame}>
      <div className={classes.names}>
        <div className={classes.corner} />
        {rows.map(({ device }) => (
          <div key={device} className={classes.name} style={{ height: rowHeight }} title={device}>
            {names.get(device) ?? device}
          </div>
        ))}
      </div>
      <div className={classes.picture}>
        <div className={classes.axis} aria-hidden>
          {marks.map(({ at, step }) => (
            <span key={at} style={{ left: (at - settled.from) / settled.msPerPixel }}>
              {tickText(at, step)}
            </span>
          ))}
        </div>
        <div ref={place} className={classes.place} style={{ height }}>
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes keys of its own; the table holds the same as text */}
          <canvas
            ref={canvas}
            className={classes.canvas}
            tabIndex={0}
            role="application"
            aria-label="Timeline of the devices"
            aria-describedby={help}
            onPointerMove={onPointerMove}
            onPointerDown={onPointerDown}
            onPointerUp={onPointerUp}
            onPointerCancel={onPointerUp}
            onPointerLeave={() => setPointed(undefined)}
            onKeyDown={onKeyDown}
            onBlur={() => setChosen(undefined)}
          />
          {pointed && !chosen && <Tip bar={pointed.bar} x={pointed.x} y={pointed.y} names={names} />}
          {chosen && (
            <Tip
              bar={chosen}
              x={Math.max(0, (chosen.from - view.current.from) / view.current.msPerPixel)}
              y={rows.findIndex(({ device }) => device === chosen.device) * rowHeight}
              names={names}
            />
          )}
        </div>
      </div>
      <VisuallyHidden id={help}>
        Up and down choose a device, left and right what it did and will do, plus and minus come nearer and go
        further away, N goes to now. The table has the same as text.
      </VisuallyHidden>
      <VisuallyHidden aria-live="polite">{chosen ? said(chosen, names) : ''}</VisuallyHidden>
    </div>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

function tickText(at: number, step: number): string {
  const day = new Date(at);
  if (step < 60_000) return seconds.format(day);
  return step >= 86_400_000 || (day.getHours() === 0 && day.getMinutes() === 0)
    ? date.format(day)
    : clock.format(day);
}

const said = ({ device, title, kind, from, to, why }: Bar, names: ReadonlyMap<string, string>) =>
  `${names.get(device) ?? device}: ${title}, ${kind}, ${shortTime(from)}, ${lasting({ kind, from, to })}. ${why.join(' ')}`;
