import { defineTask } from '@labwright/jobs';
import Type from 'typebox';

const args = Type.Object({});
const settings = { queue: 'held', maxAttempts: 1_000 };

/** Hold their job until they are told to stop. */
export const holdRepeatable = defineTask({ name: 'hold_repeatable', args, repeatable: true, ...settings });
export const holdOnce = defineTask({ name: 'hold_once', args, ...settings });
