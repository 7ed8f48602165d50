import { defineTask } from '@labwright/jobs';
import Type from 'typebox';

/** Does nothing, with the payload that every engine has. */
export const task = defineTask({
  name: 'nothing',
  args: Type.Object({
    sample: Type.String(),
    plate: Type.String(),
    well: Type.String(),
    note: Type.String(),
    volume_ul: Type.Number(),
  }),
});
