import {
  Preferences,
  PreferencesAnswer,
  SubscribeRequest,
  SubscriptionAnswer,
  SubscriptionList,
} from '@labwright/contract-hub/notifications';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { personOf } from '../person.ts';
import { getPreferences, putPreferences } from './preferences.ts';
import { listSubscriptions, subscribe, unsubscribe } from './subscriptions.ts';

const tags = ['notifications'];
const config = { access: 'viewer' } as const;

export const personalRoutes =
  (deps: NotificationsDeps, welcome: (personId: string) => Promise<void>) => (app: App) => {
    const { db } = deps;

    app.get(
      '/notifications/subscriptions',
      {
        config,
        schema: {
          summary: 'List what you want to hear of',
          tags,
          response: answers({ 200: SubscriptionList }),
        },
      },
      async (request) => {
        const personId = personOf(request);
        await welcome(personId);
        return { subscriptions: await listSubscriptions(db, personId) };
      },
    );

    app.post(
      '/notifications/subscriptions',
      {
        config,
        schema: {
          summary: 'Hear of something by a channel',
          description:
            'Narrowed by the type of the event, a device, a run and a severity. Where several of yours fit an event, it comes once by each channel, as soon as one of them wants it.',
          tags,
          body: SubscribeRequest,
          response: answers({ 201: SubscriptionAnswer }),
        },
      },
      async (request, reply) => {
        const personId = personOf(request);
        await welcome(personId);
        const subscription = await subscribe(deps, { ...request.body, id: request.actionId, personId });
        return reply.code(201).send({
          message: `You hear of ${subscription.event_type} by ${subscription.channel}`,
          subscription,
        });
      },
    );

    app.delete(
      '/notifications/subscriptions/:id',
      {
        config,
        schema: {
          summary: 'Hear of it no more',
          tags,
          params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
          response: answers({ 200: Type.Object({ message: Type.String() }) }),
        },
      },
      async (request) => {
        await unsubscribe(db, personOf(request), request.params.id);
        return { message: 'You hear of it no more' };
      },
    );

    app.get(
      '/notifications/preferences',
      {
        config,
        schema: { summary: 'When you want to hear of things', tags, response: answers({ 200: Preferences }) },
      },
      (request) => getPreferences(db, personOf(request)),
    );

    app.put(
      '/notifications/preferences',
      {
        config,
        schema: {
          summary: 'Set your time zone, quiet hours and the time of daily digests',
          description: 'Quiet hours keep back mail, webhook and Slack; what is critical comes all the same.',
          tags,
          body: Preferences,
          response: answers({ 200: PreferencesAnswer }),
        },
      },
      async (request) => {
        const personId = personOf(request);
        await welcome(personId);
        await putPreferences(db, personId, request.body);
        return { message: 'Kept', preferences: await getPreferences(db, personId) };
      },
    );
  };
