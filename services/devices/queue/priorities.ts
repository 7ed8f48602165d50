import type { Priority } from '@labwright/contract-devices';

/** Lower goes first; the table checks the same pairs. */
export const priorityValues: Readonly<Record<Priority, number>> = { urgent: 1, normal: 5, low: 9 };
