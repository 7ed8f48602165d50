/** What every command may end with. Documented: scripts rely on them. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 4,
  forbidden: 5,
  notFound: 6,
  conflict: 7,
  interrupted: 130,
} as const;

export const exitCodeMeanings: Readonly<Record<number, string>> = {
  [exitCode.ok]: 'as asked',
  [exitCode.failed]: 'failed',
  [exitCode.usage]: 'wrong arguments or settings',
  [exitCode.unreachable]: 'a service cannot be reached, or asks to try again later',
  [exitCode.forbidden]: 'not signed in, or without the right',
  [exitCode.notFound]: 'there is no such thing, or not any more',
  [exitCode.conflict]:
    'refused as things stand: the device is busy, the workflow is in another state, somebody else was quicker',
  [exitCode.interrupted]: 'ended with Ctrl-C',
};
