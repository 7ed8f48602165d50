import Type from 'typebox';
import { defineTask } from '../../../index.ts';

/** The tasks of `drivers.py`. */
export const spin = defineTask({
  name: 'drivers.spin',
  args: Type.Object({
    rotor: Type.String(),
    seconds: Type.Optional(Type.Number()),
    until: Type.Optional(Type.String()),
  }),
  retryDelayMs: 20,
  timeoutMs: 60_000,
});
export const echo = defineTask({ name: 'drivers.echo', args: Type.Unknown(), timeoutMs: 60_000 });
export const fail = defineTask({
  name: 'drivers.fail',
  args: Type.Object({ text: Type.String() }),
  retryDelayMs: 20,
  timeoutMs: 60_000,
});
export const stubborn = defineTask({
  name: 'drivers.stubborn',
  args: Type.Object({ times: Type.Integer() }),
  timeoutMs: 60_000,
});
export const add = defineTask({ name: 'drivers.add', args: Type.Array(Type.Number()), timeoutMs: 60_000 });
