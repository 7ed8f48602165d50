/** Queues of the bare programs; those of ours are named by its transport. */
export const rawQueue = (namespace: string): string => `labwright.${namespace}.raw`;
export const loopQueue = (namespace: string): string => `labwright.${namespace}.loop`;
/** All queues that a run makes. */
export const allQueues = (namespace: string): string[] => [
  rawQueue(namespace),
  loopQueue(namespace),
  `labwright.${namespace}.q`,
  `labwright.dead.${namespace}`,
];
