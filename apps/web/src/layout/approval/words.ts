/** What is signed, for people. */
const words: Readonly<Record<string, string>> = {
  'booking.override': 'Release what somebody else has booked',
  'queue.override': 'Take away a place that somebody else waits in',
  'queue.change_priority': 'Change the place of what waits',
  'operation.abort': 'Stop what a device is doing',
  'step.resolve': 'Say what happened to a step',
  'step.skip': 'Leave steps out',
  'job.requeue': 'Bring a job back',
  'job.cancel': 'Cancel a job',
  'job.drop': 'Delete a job',
  'job.requeue_many': 'Bring dead letters back',
  'job.drop_many': 'Delete dead letters',
  'job_queue.pause': 'Pause a queue',
  'job_queue.resume': 'Resume a queue',
  'job_schedule.pause': 'Pause a schedule',
  'job_schedule.resume': 'Resume a schedule',
  'job_schedule.run': 'Run a schedule now',
  'job_flow.cancel': 'Cancel a flow',
};

/** An action without words of its own is told by its name. */
export const wordsOf = (action: string): string => words[action] ?? action.replaceAll(/[._]/g, ' ');

/** What a signature usually means (21 CFR 11.50); any other words may be written. */
export const meanings = [
  'I take responsibility for this',
  'I approve this',
  'I have reviewed this',
  'I have done this myself',
] as const;
