import { DeviceId } from '@labwright/contract-devices';
import { errorCatalogue } from '@labwright/kernel/errors';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';
import { severities } from './announce.ts';

export const channelNames = ['in_app', 'email', 'webhook', 'slack'] as const;
export const ChannelName = Type.Enum(channelNames, { title: 'ChannelName' });
export type ChannelName = Static<typeof ChannelName>;

/** The channels that need an address of the person's own. */
export const addressedChannels = ['webhook', 'slack'] as const;
export const AddressedChannel = Type.Enum(addressedChannels, { title: 'AddressedChannel' });
export type AddressedChannel = Static<typeof AddressedChannel>;

export const Severity = Type.Enum(severities, { title: 'Severity' });
export const EventId = Type.String({ format: 'uuid' });

export const Subject = Type.Object(
  {
    device_id: Type.Optional(Type.String()),
    workflow_id: Type.Optional(Type.String()),
    room: Type.Optional(Type.String()),
  },
  { title: 'NotificationSubject' },
);

/** One line of somebody's inbox. */
export const Notification = Type.Object(
  {
    id: Type.String({ description: 'Of the event.' }),
    type: Type.String(),
    severity: Severity,
    title: Type.String(),
    text: Type.String(),
    link: nullable(Type.String()),
    subject: Subject,
    occurred_at: Timestamp,
    read_at: nullable(Timestamp),
  },
  { title: 'Notification' },
);
export type Notification = Static<typeof Notification>;

const Unread = Type.Integer({
  description: 'Those that were not read; 1,000 stands for that many and more.',
});
export const UnreadAnswer = Type.Object({ unread: Unread }, { title: 'UnreadAnswer' });
export const NotificationPage = Type.Object(
  {
    notifications: Type.Array(Notification),
    unread: Unread,
    next_cursor: NextCursor,
  },
  { title: 'NotificationPage' },
);
export const ReadAnswer = Type.Object({ message: Type.String(), unread: Unread }, { title: 'ReadAnswer' });
export const ReadRequest = Type.Object(
  {
    up_to: Type.Optional({
      ...EventId,
      description: 'The newest that was seen: those that came later stay unread. Default: all.',
    }),
  },
  { title: 'ReadRequest', additionalProperties: false },
);

export const digests = ['none', 'hourly', 'daily'] as const;
const EventPattern = Type.String({
  pattern: '^(\\*|[a-z][a-z_]{0,39}\\.(\\*|[a-z][a-z_]{0,39}))$',
  description: '`workflow.failed`, all of a noun (`workflow.*`), or `*`.',
});
const what = {
  event_type: EventPattern,
  min_severity: Severity,
  digest: Type.Enum(digests, {
    description:
      'Collected into one message each hour, or each day at `digest_at`. Critical events come at once.',
  }),
};

export const Subscription = Type.Object(
  {
    id: Type.String(),
    channel: ChannelName,
    ...what,
    device_id: nullable(Type.String()),
    workflow_id: nullable(Type.String()),
    created_at: Timestamp,
  },
  { title: 'Subscription' },
);
export type Subscription = Static<typeof Subscription>;

export const SubscribeRequest = Type.Object(
  {
    channel: ChannelName,
    event_type: Type.Optional(EventPattern),
    device_id: Type.Optional(DeviceId),
    workflow_id: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,35}$', description: 'Only this run.' }),
    ),
    min_severity: Type.Optional(what.min_severity),
    digest: Type.Optional(what.digest),
  },
  { title: 'SubscribeRequest', additionalProperties: false },
);
export type SubscribeRequest = Static<typeof SubscribeRequest>;

export const SubscriptionList = Type.Object(
  { subscriptions: Type.Array(Subscription) },
  { title: 'SubscriptionList' },
);
export const SubscriptionAnswer = Type.Object(
  { message: Type.String(), subscription: Subscription },
  { title: 'SubscriptionAnswer' },
);

const LocalTime = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:MM.' });

/** When somebody wants to hear of things. */
export const Preferences = Type.Object(
  {
    time_zone: Type.String({
      pattern: '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$',
      description: 'A name of the IANA database: `Europe/Berlin`.',
    }),
    quiet_hours: nullable(
      Type.Object(
        { from: LocalTime, until: LocalTime },
        {
          additionalProperties: false,
          description: 'Nothing leaves the laboratory then but what is critical; the rest comes at the end.',
        },
      ),
    ),
    digest_at: { ...LocalTime, description: 'When a daily digest is sent, HH:MM.' },
  },
  { title: 'Preferences', additionalProperties: false },
);
export type Preferences = Static<typeof Preferences>;
export const PreferencesAnswer = Type.Object(
  { message: Type.String(), preferences: Preferences },
  { title: 'PreferencesAnswer' },
);

export const Address = Type.Object(
  {
    channel: AddressedChannel,
    url: Type.String({
      description: 'Without what may be secret in it: the path and the query are left out.',
    }),
    created_at: Timestamp,
  },
  { title: 'NotificationAddress' },
);
export type Address = Static<typeof Address>;
export const AddressList = Type.Object(
  { addresses: Type.Array(Address) },
  { title: 'NotificationAddressList' },
);
export const AddressRequest = Type.Object(
  { url: Type.String({ minLength: 10, maxLength: 2_000, description: 'http:// or https://' }) },
  { title: 'NotificationAddressRequest', additionalProperties: false },
);
export const AddressAnswer = Type.Object(
  {
    message: Type.String(),
    address: Address,
    secret: nullable(
      Type.String({ description: 'Signs what is sent there. It is shown this once, and is new each time.' }),
    ),
  },
  { title: 'NotificationAddressAnswer' },
);
export const MessageAnswer = Type.Object({ message: Type.String() }, { title: 'MessageAnswer' });

export const deliveryStates = ['pending', 'collected', 'sending', 'sent', 'failed', 'unknown'] as const;
export const Delivery = Type.Object(
  {
    event_id: Type.String(),
    title: Type.String(),
    channel: ChannelName,
    state: Type.Enum(deliveryStates, {
      description:
        '`unknown`: the message was handed over as often as it may be, and no answer came. It may have arrived, and is not sent again.',
    }),
    attempts: Type.Integer(),
    due_at: Timestamp,
    error: nullable(Type.String()),
    created_at: Timestamp,
    ended_at: nullable(Timestamp),
  },
  { title: 'Delivery' },
);
export type Delivery = Static<typeof Delivery>;
export const DeliveryPage = Type.Object(
  { deliveries: Type.Array(Delivery), next_cursor: NextCursor },
  { title: 'DeliveryPage' },
);

/** What did not reach somebody, as administrators see it. */
export const FailedDelivery = Type.Object(
  {
    ...Delivery.properties,
    person_id: Type.String(),
    state: Type.Enum(['failed', 'unknown']),
    ended_at: Timestamp,
  },
  { title: 'FailedDelivery' },
);
export const FailedDeliveryPage = Type.Object(
  { deliveries: Type.Array(FailedDelivery), next_cursor: NextCursor },
  { title: 'FailedDeliveryPage' },
);

export const CapturedMail = Type.Object(
  {
    id: Type.String(),
    recipient: Type.String(),
    subject: Type.String(),
    text: Type.String(),
    created_at: Timestamp,
  },
  { title: 'CapturedMail' },
);
export type CapturedMail = Static<typeof CapturedMail>;
export const MailPage = Type.Object(
  { mail: Type.Array(CapturedMail), next_cursor: NextCursor },
  { title: 'MailPage' },
);

export const AnnouncementRequest = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 200 }),
    text: Type.Optional(Type.String({ maxLength: 4_000 })),
    severity: Type.Optional(Severity),
  },
  { title: 'AnnouncementRequest', additionalProperties: false },
);
export const AnnouncementAnswer = Type.Object(
  {
    message: Type.String(),
    id: Type.String({ description: 'Of the event.' }),
  },
  { title: 'AnnouncementAnswer' },
);

/** Every error of notifications beside the common ones. */
export const notificationErrors = errorCatalogue({
  notification_not_found: {
    status: 404,
    title: 'There is no such notification',
    remedy: '`GET /notifications` lists yours.',
  },
  subscription_not_found: {
    status: 404,
    title: 'There is no such subscription',
    remedy: '`GET /notifications/subscriptions` lists yours.',
  },
  subscription_exists: {
    status: 409,
    title: 'You subscribed to this already',
    remedy: 'Delete the subscription that `id` names and subscribe anew, to have it come in another way.',
  },
  too_many_subscriptions: {
    status: 409,
    title: 'Nobody needs that many subscriptions',
    remedy: 'Delete some, or subscribe to all of a noun: `workflow.*`.',
  },
  no_address: {
    status: 409,
    title: 'The channel does not know where to reach you',
    remedy:
      'Give it an address first: `PUT /notifications/addresses/{channel}`. Mail needs an address of the account.',
  },
  invalid_address: {
    status: 400,
    title: 'Nothing is sent to this address',
    remedy:
      'Give an http or https address of a public host, without a user. NOTIFY_ALLOW_ADDRESSES allows others.',
  },
  address_refused: {
    status: 422,
    title: 'The test message did not arrive',
    remedy: '`detail` says what the other side answered. Mend it there, or give another address.',
  },
  invalid_preferences: {
    status: 400,
    title: 'The preferences cannot be kept',
    remedy: 'Use a time zone of the IANA database, and quiet hours that begin and end at different times.',
  },
  people_only: {
    status: 403,
    title: 'Only people have an inbox',
    remedy: 'Sign in as a person: tokens and services are told nothing here.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged.',
  },
});
