import type { Live } from '@labwright/contract-hub/live';
import type { ChannelName } from '@labwright/contract-hub/notifications';
import type { PeopleApi } from '@labwright/contract-hub/people';
import type { ServiceDeps } from '@labwright/kernel/service';
import type { NotificationChannel } from './channels/channel.ts';

/** The channels that reach beyond this database. */
export type RemoteChannel = Exclude<ChannelName, 'in_app'>;
export const remoteChannels = ['email', 'webhook', 'slack'] as const satisfies readonly RemoteChannel[];

/** What the parts of this domain share. */
export interface NotificationsDeps extends ServiceDeps {
  readonly people: PeopleApi;
  readonly channels: Readonly<Record<RemoteChannel, NotificationChannel>>;
  /** Where people find this laboratory, without a slash at the end: links in messages begin with it. */
  readonly publicUrl: string;
  /** Milliseconds from its time on in which a message is tried again that is not taken. */
  readonly keepTryingMs: number;
  /** Who is told at once, beside what is stored. */
  readonly live?: Live | undefined;
}
