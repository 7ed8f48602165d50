import { count } from '../output/words.ts';

export const kinds = ['fail', 'slow', 'hang', 'disconnect'] as const;

/** A fault of a simulated instrument, as its settings have it. */
export interface Fault {
  kind: (typeof kinds)[number];
  code?: string;
  message?: string;
  factor?: number;
  operations?: string[];
  probability?: number;
  next?: number;
}

/** What it does, and how often: `fails with clogged_tip, in its next operation`. */
export function faultText(fault: Fault): string {
  const only = fault.operations ? ` (only ${fault.operations.join(', ')})` : '';
  return `${effectOf(fault)}, in ${howOften(fault)}${only}`;
}

function effectOf({ kind, code, message, factor }: Fault): string {
  if (kind === 'fail')
    return `fails${code ? ` with ${code}` : ' as it usually does'}${message ? ` (“${message}”)` : ''}`;
  if (kind === 'slow') return `takes ${factor} times as long`;
  return kind === 'hang' ? 'hangs until it is aborted' : 'loses its line and goes on';
}

function howOften({ next, probability }: Fault): string {
  if (next !== undefined) return next === 1 ? 'its next operation' : `its next ${count(next, 'operation')}`;
  return probability === undefined
    ? 'every operation'
    : `${Number((probability * 100).toPrecision(3))} % of its operations, by chance`;
}
