import { Execution } from '@labwright/contract-devices';

/** The columns of an execution as they go onto the wire, in its order. */
export const executionColumnNames = Object.keys(Execution.properties) as (keyof Execution)[];

/** The same as a select list. */
export const executionColumns = executionColumnNames.join(', ');
