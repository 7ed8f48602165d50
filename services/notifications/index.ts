import type { DevicesApi } from '@labwright/contract-devices';
import type { Announcer } from '@labwright/contract-hub/announce';
import type { Live } from '@labwright/contract-hub/live';
import { notificationErrors } from '@labwright/contract-hub/notifications';
import type { PeopleApi } from '@labwright/contract-hub/people';
import type { WorkflowsApi } from '@labwright/contract-workflows';
import { type Handler, limitQueue, type Rate } from '@labwright/jobs';
import { group, type Part } from '@labwright/kernel/lifecycle';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { type AddressRule, allowing } from './channels/addresses.ts';
import { capturedMail } from './channels/captured-mail.ts';
import type { NotificationChannel } from './channels/channel.ts';
import { slackChannel } from './channels/slack.ts';
import { smtpConnections } from './channels/smtp-connections.ts';
import { webhookChannel } from './channels/webhook.ts';
import { digestHandler } from './delivery/digest.ts';
import { sendHandler } from './delivery/send.ts';
import { queueOf } from './delivery/tasks.ts';
import { type NotificationsDeps, type RemoteChannel, remoteChannels } from './deps.ts';
import { announcer } from './fan-out/announce.ts';
import { planHandler } from './fan-out/plan.ts';
import { rangeHandler } from './fan-out/range.ts';
import { fanOutQueue } from './fan-out/tasks.ts';
import { devicesSource, type Source, workflowsSource } from './follow/follow.ts';
import { follower } from './follow/followers.ts';
import { inboxRoutes } from './inbox/routes.ts';
import { mailRoutes } from './mail/routes.ts';
import { withLocal } from './people.ts';
import { addressRoutes } from './personal/address-routes.ts';
import { personalRoutes } from './personal/routes.ts';
import { createWelcome, welcomePeople } from './personal/welcome.ts';
import { createSweep } from './sweep.ts';

export { announcer };

export const notificationsMigrations: MigrationSet = {
  name: 'notifications',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface NotificationsOptions {
  /** Who has an account; without it there is the local user alone. */
  people?: PeopleApi | undefined;
  /** A mail server; without it mail is kept in a table. */
  mail?: NotificationChannel | undefined;
  /** Networks beside the public internet to which webhooks and Slack messages may go: `10.1.0.0/16`. */
  allowedNetworks?: readonly string[] | undefined;
  /** Where people find the hub: links in messages begin with it. */
  publicUrl: string;
  /** Milliseconds in which a message is tried again that is not taken; a day. */
  keepTryingMs?: number | undefined;
  /** Messages that leave by a channel in a time, over all processes. */
  rates?: Partial<Record<RemoteChannel, Rate>> | undefined;
  /** Whose events are told; each in the same process or over HTTP. */
  devices?: Pick<DevicesApi, 'events'> | undefined;
  workflows?: Pick<WorkflowsApi, 'events'> | undefined;
  /** Who is told of every change of state at once. */
  live?: Live | undefined;
  /** Others than those that ship with Labwright. */
  channels?: Partial<Record<RemoteChannel, NotificationChannel>> | undefined;
}

export interface Notifications extends Module {
  readonly announcer: Announcer;
  /** A worker for each: a receiver that is slow keeps nobody waiting but those who are told by the same channel. */
  readonly jobs: readonly {
    readonly queues: readonly string[];
    readonly handlers: readonly Handler[];
    /** So many run at once in one process. */
    readonly apart: number;
  }[];
}

/** Jobs that run at once in one process; those that send wait for a receiver most of the time, and mail for a connection. */
const jobsAtOnce = { fanOut: 10, email: smtpConnections, captured: 40, webhook: 40, slack: 10 };

const defaultRates: Record<RemoteChannel, Rate> = {
  email: { limit: 10, perMs: 1_000 },
  webhook: { limit: 50, perMs: 1_000 },
  slack: { limit: 5, perMs: 1_000 },
};

/** Tells people: what is announced goes to whoever wants it, by the channel and at the time that they want. */
export function createNotifications(given: ServiceDeps, options: NotificationsOptions): Notifications {
  const rule = allowing(options.allowedNetworks ?? []);
  const deps: NotificationsDeps = {
    ...given,
    people: withLocal(options.people),
    publicUrl: options.publicUrl.replace(/\/+$/, ''),
    live: options.live,
    keepTryingMs: options.keepTryingMs ?? 86_400_000,
    channels: { ...channelsOf(given, options, rule), ...options.channels },
  };
  const welcome = createWelcome(given.db);
  const parts = group('notifications', [createSweep(deps), ...followersOf(deps, options)], given.log);
  const rates = { ...defaultRates, ...options.rates };

  return {
    name: 'notifications',
    announcer,
    errors: [notificationErrors],
    routes: (app) => {
      inboxRoutes(deps, welcome)(app);
      personalRoutes(deps, welcome)(app);
      addressRoutes(deps)(app);
      mailRoutes(deps)(app);
    },
    jobs: [
      {
        apart: jobsAtOnce.fanOut,
        queues: [fanOutQueue],
        handlers: [planHandler(deps), rangeHandler(deps)],
      },
      ...remoteChannels.map((name) => ({
        apart: jobsAtOnce[name === 'email' && deps.channels.email.repeatable ? 'captured' : name],
        queues: [queueOf(name)],
        handlers: [sendHandler(deps, name), digestHandler(deps, name)],
      })),
    ],
    start: async () => {
      for (const name of remoteChannels) await limitQueue(given.db, queueOf(name), rates[name]);
      if (!options.people) await welcomePeople(given.db, ['local']);
      await parts.start();
    },
    stop: async () => {
      await parts.stop();
      for (const name of remoteChannels) await deps.channels[name].stop();
    },
  };
}

function channelsOf(
  { db, clock }: ServiceDeps,
  { mail }: NotificationsOptions,
  rule: AddressRule,
): Record<RemoteChannel, NotificationChannel> {
  return {
    email: mail ?? capturedMail(db),
    webhook: webhookChannel({ rule, clock }),
    slack: slackChannel({ rule }),
  };
}

function followersOf(deps: NotificationsDeps, { devices, workflows }: NotificationsOptions): Part[] {
  const sources: Source[] = [];
  if (devices) sources.push(devicesSource(devices) as Source);
  if (workflows) sources.push(workflowsSource(workflows) as Source);
  return sources.map((source) => follower(deps, source));
}
