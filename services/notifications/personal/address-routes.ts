import {
  AddressAnswer,
  AddressedChannel,
  AddressList,
  AddressRequest,
  MessageAnswer,
} from '@labwright/contract-hub/notifications';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { personOf } from '../person.ts';
import { listAddresses, putAddress, removeAddress } from './addresses.ts';
import { sendTest } from './test-message.ts';

const tags = ['notifications'];
const config = { access: 'viewer' } as const;
const Params = Type.Object({ channel: AddressedChannel });
const path = '/notifications/addresses/:channel';

export const addressRoutes = (deps: NotificationsDeps) => (app: App) => {
  app.get(
    '/notifications/addresses',
    {
      config,
      schema: { summary: 'Where you are reached', tags, response: answers({ 200: AddressList }) },
    },
    async (request) => ({ addresses: await listAddresses(deps.db, personOf(request)) }),
  );

  app.put(
    path,
    {
      config,
      schema: {
        summary: 'Set where a webhook or Slack reaches you',
        description: 'A webhook is signed with the secret of the answer, which is shown this once.',
        tags,
        params: Params,
        body: AddressRequest,
        response: answers({ 200: AddressAnswer }),
      },
    },
    async (request) => {
      const { channel } = request.params;
      const { address, secret } = await putAddress(deps, {
        personId: personOf(request),
        channel,
        url: request.body.url,
      });
      return { message: `You are reached by ${channel}`, address, secret };
    },
  );

  app.delete(
    path,
    {
      config,
      schema: {
        summary: 'Be reached there no more',
        tags,
        params: Params,
        response: answers({ 200: MessageAnswer }),
      },
    },
    async (request) => {
      await removeAddress(deps.db, personOf(request), request.params.channel);
      return { message: `You are reached by ${request.params.channel} no more` };
    },
  );

  app.post(
    `${path}/test`,
    {
      config,
      schema: {
        summary: 'Send yourself a message at once',
        tags,
        params: Params,
        response: answers({ 200: MessageAnswer }),
      },
    },
    async (request) => {
      await sendTest(deps, {
        id: request.actionId,
        personId: personOf(request),
        name: request.principal?.name ?? '',
        channel: request.params.channel,
      });
      return { message: 'It was taken' };
    },
  );
};
