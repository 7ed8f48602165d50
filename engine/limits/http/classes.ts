import { type Limit, parseLimit, widened } from '../limit.ts';

/** What one class of routes allows; a request counts for each of them that is there. */
export interface LimitClass {
  /** For whoever is signed in. */
  principal?: Limit;
  /** For everybody at one address together. */
  address?: Limit;
}

export interface LimitClasses {
  /** By name; `read` and `write` are there always. */
  readonly byName: ReadonlyMap<string, LimitClass>;
  /** Requests of one address that showed something invalid (401). */
  readonly failures: Limit;
}

/** Wide enough for a person, a script and a page that loads much at once; narrow enough that one of them leaves room for others. */
export const usualLimits = {
  read: '200/s burst 2000',
  write: '100/s burst 1000',
  signIn: '60/m window',
  failures: '300/m window',
  /** People behind one address. */
  people: 5,
  /** Requests in hand at once: a quarter of what a process takes. */
  inHand: 250,
} as const;

export function limitClasses(given: {
  read: Limit;
  write: Limit;
  signIn: Limit;
  people: number;
}): LimitClasses {
  const { read, write, signIn, people } = given;
  return {
    byName: new Map([
      ['read', { principal: read, address: widened(read, people) }],
      ['write', { principal: write, address: widened(write, people) }],
      // Nobody is known yet who could be told apart.
      ['sign-in', { address: signIn }],
    ]),
    failures: parseLimit(usualLimits.failures),
  };
}
