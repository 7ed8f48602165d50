import { recordAudit } from '@labwright/audit';
import { AnnouncementAnswer, AnnouncementRequest, MailPage } from '@labwright/contract-hub/notifications';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { announceOnce } from '../fan-out/announce.ts';
import { listMail } from './captured.ts';

export const mailRoutes =
  ({ db, clock }: NotificationsDeps) =>
  (app: App) => {
    app.get(
      '/mail',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'Read the mail that was not sent, newest first',
          description: 'Of a laboratory without a mail server (SMTP_URL is not set). Kept for seven days.',
          tags: ['mail'],
          querystring: Type.Object(PageQuery, { additionalProperties: false }),
          response: answers({ 200: MailPage }),
        },
      },
      (request) => listMail(db, { limit: 50, ...request.query }),
    );

    app.post(
      '/announcements',
      {
        config: { access: 'operator' },
        schema: {
          summary: 'Tell the laboratory something',
          description: 'An event `laboratory.announced`: everybody hears of it who did not choose otherwise.',
          tags: ['notifications'],
          body: AnnouncementRequest,
          response: answers({ 202: AnnouncementAnswer }),
        },
      },
      async (request, reply) => {
        const { title, text = '', severity = 'info' } = request.body;
        const by = request.principal?.name ?? 'somebody';
        await db.transaction(async (tx) => {
          const isNew = await announceOnce(tx, {
            id: request.actionId,
            type: 'laboratory.announced',
            severity,
            title,
            text: text === '' ? `By ${by}.` : `${text}\n\nBy ${by}.`,
            link: null,
            subject: {},
            occurred_at: new Date(clock.now()).toISOString(),
          });
          // Asked again with the same key, it was announced before, and is on record.
          if (isNew)
            await recordAudit(tx, {
              action: 'laboratory.announce',
              subject: `announcement:${request.actionId}`,
              after: { title, text, severity },
            });
        });
        return reply.code(202).send({ message: 'It is being told', id: request.actionId });
      },
    );
  };
