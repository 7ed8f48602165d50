/** `good`: as it should be. `active`: at work. `waiting`: its time comes. `warning`: look at it. `bad`: it went wrong. `quiet`: over, or not begun. */
export type Tone = 'good' | 'active' | 'waiting' | 'warning' | 'bad' | 'quiet';

const tones: Record<string, Tone> = {
  available: 'good',
  active: 'good',
  done: 'good',
  delivered: 'good',
  completed: 'good',
  succeeded: 'good',
  busy: 'active',
  running: 'active',
  in_progress: 'active',
  claimed: 'active',
  queued: 'waiting',
  waiting: 'waiting',
  pending: 'waiting',
  scheduled: 'waiting',
  open: 'waiting',
  invited: 'waiting',
  paused: 'warning',
  maintenance: 'warning',
  unknown: 'warning',
  overdue: 'warning',
  urgent: 'warning',
  retrying: 'warning',
  failed: 'bad',
  dead: 'bad',
  locked: 'bad',
  rejected: 'bad',
};

/** How a status of any service looks; one that is not known is quiet. */
export function statusLook(status: string): { tone: Tone; word: string } {
  return { tone: tones[status] ?? 'quiet', word: status.replaceAll('_', ' ') };
}
