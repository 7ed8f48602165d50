import { defineTask, retryDelay, type Task } from '@labwright/jobs';
import Type, { type Static } from 'typebox';
import { type RemoteChannel, remoteChannels } from '../deps.ts';

const settings = {
  // The time that a message has is what ends it: see `attempt`.
  maxAttempts: 1_000,
  retryDelayMs: 10_000,
  timeoutMs: 60_000,
  keep: { succeededMs: 3_600_000 },
};

const longestPauseMs = 1_800_000;

/** Milliseconds until the next attempt: 10 s, 20 s, … half an hour. */
export const pauseAfter = ({ settings }: Pick<Task, 'settings'>, attempt: number): number =>
  Math.min(retryDelay(settings, attempt), longestPauseMs);

const SendArgs = Type.Object({ event_id: Type.String(), person_id: Type.String(), channel: Type.String() });
export type SendArgs = Static<typeof SendArgs>;
const DigestArgs = Type.Object({ digest_id: Type.String() });
export type DigestArgs = Static<typeof DigestArgs>;

/** Each channel has a queue of its own, whose rate is that of the channel. */
export const queueOf = (channel: RemoteChannel) => `notifications.${channel}`;

const of = <T>(make: (channel: RemoteChannel) => T) =>
  Object.fromEntries(remoteChannels.map((channel) => [channel, make(channel)])) as Record<RemoteChannel, T>;

const sendTasks: Record<RemoteChannel, Task<SendArgs>> = of((channel) =>
  defineTask({
    name: `notifications.send.${channel}`,
    args: SendArgs,
    queue: queueOf(channel),
    ...settings,
  }),
);
const digestTasks: Record<RemoteChannel, Task<DigestArgs>> = of((channel) =>
  defineTask({
    name: `notifications.digest.${channel}`,
    args: DigestArgs,
    queue: queueOf(channel),
    ...settings,
  }),
);

/** One event to one person. */
export const sendTaskOn = (channel: RemoteChannel) => sendTasks[channel];
/** What was collected for one person. */
export const digestTaskOn = (channel: RemoteChannel) => digestTasks[channel];
