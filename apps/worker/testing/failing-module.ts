/** A module of handlers that fails by itself, outside of any job, soon after it was loaded. */
import { defineTask, handle } from '@labwright/jobs';
import Type from 'typebox';

const nothing = defineTask({ name: 'nothing', args: Type.Object({}) });
export const handlers = [handle(nothing, async () => {})];

setTimeout(() => void Promise.reject(new Error('the module itself failed')), 1_000);
