import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { Broker } from '../rabbitmq/broker.ts';
import { NotConfirmed } from '../rabbitmq/publisher.ts';
import { type Link, type LinkTools, linksOfFailure, linksOfSuccess, restOfChain, sendLink } from './links.ts';
import type { Embed } from './message.ts';
import {
  type Due,
  giveBackRequests,
  noteAnswered,
  noteLinked,
  sweepRequests,
  takeDueRequests,
} from './requests.ts';
import { type EndStatus, type Exception, resultMessage, revoked, toException } from './result.ts';
import { celeryQueues } from './topology.ts';

/** Milliseconds between two looks, should a notification be lost. */
const lookMs = 2_000;
const batch = 100;
const sweepMs = 60_000;

/** `unsent`: to be tried again. `begun`: also, and links may have been sent. */
type End = 'answered' | 'unsent' | 'begun';

/**
 * Tells Celery clients how their tasks ended, and goes on with what they want done after it.
 *
 *     ended ──taken──► links are sent ──► linked ──► the result is sent ──► answered
 *       └── the process died in between: taken again a minute later. A result is sent again, links are not: whether they
 *           were sent is not known, and the client is told so instead of them running twice
 */
export function celeryAnswers(options: {
  db: Db;
  broker: Broker;
  log: Log;
  route: (task: string) => string;
}): Part & { poke(): void } {
  const { db, broker, log, route } = options;
  const queues = celeryQueues(broker);
  let stopListening = () => {};
  let sweptAt = 0;

  const answering = loop({
    name: 'answers to celery clients',
    idleMs: lookMs,
    log,
    work: async (signal) => {
      if (performance.now() - sweptAt > sweepMs && (await sweepRequests(db)) < 1_000)
        sweptAt = performance.now();
      while (broker.up && !signal.aborted) {
        const due = await takeDueRequests(db);
        const tools: LinkTools = { broker, queues, route, signal };
        const done = await Promise.all(due.map((request) => answer(tools, request)));
        const ids = (...ends: End[]) =>
          due.filter((_, at) => ends.includes(done[at] ?? 'begun')).map(({ id }) => id);
        const later = ids('begun', 'unsent');
        if (due.length > later.length) await noteAnswered(db, ids('answered'));
        if (later.length > 0) await giveBackRequests(db, later, ids('begun'));
        if (due.length < batch || later.length > 0) return;
      }
    },
  });

  const answer = async (tools: LinkTools, request: Due): Promise<End> => {
    try {
      const status = request.status as EndStatus;
      const outcome = await goOn(tools, request, status);
      if (outcome === 'later') return 'unsent';
      const result = status === 'SUCCESS' ? request.result : exceptionOfRequest(request);
      const stack =
        isObject(request.result) && typeof request.result.stack === 'string' ? request.result.stack : null;
      const traceback = status === 'FAILURE' ? stack : null;
      // Nobody waits for the rest of a chain that has been broken, unless they are told.
      const broken =
        outcome === 'uncertain'
          ? { status: 'FAILURE' as const, result: uncertainLink, traceback: null }
          : null;
      const rest = status === 'SUCCESS' ? broken : { status, result, traceback };
      if (rest)
        for (const { taskId, replyTo } of restOfChain(request.embed as Embed))
          await send(replyTo, resultMessage({ taskId, correlationId: taskId, children: [], ...rest }));
      if (request.reply_to)
        await send(
          request.reply_to,
          resultMessage({
            taskId: request.task_id,
            correlationId: request.correlation_id,
            status,
            result,
            traceback,
            children: status === 'SUCCESS' && Array.isArray(outcome) ? outcome : [],
          }),
        );
      return 'answered';
    } catch (error) {
      log.warn({ err: error, task_id: request.task_id }, 'a celery client is answered again later');
      return 'begun';
    }
  };

  /** A client that is gone took its queue with it: the broker drops what is sent there. */
  const send = (replyTo: string, { body, options: properties }: ReturnType<typeof resultMessage>) =>
    broker.publish({ routingKey: replyTo, content: body, properties: { ...properties, mandatory: false } });

  /** The ids of the tasks that follow; or why they do not. */
  const goOn = async (
    tools: LinkTools,
    request: Due,
    status: EndStatus,
  ): Promise<string[] | 'later' | 'uncertain'> => {
    const embed = request.embed as Embed;
    const parent = {
      taskId: request.task_id,
      rootId: request.root_id ?? request.task_id,
      replyTo: request.reply_to,
    };
    const links: Link[] =
      status === 'SUCCESS'
        ? linksOfSuccess(embed, request.result, parent, route)
        : status === 'FAILURE'
          ? linksOfFailure(embed, parent, route)
          : [];
    if (links.length === 0 || request.linked) return links.map(({ taskId }) => taskId);
    if (request.uncertain) {
      log.error(
        { task_id: request.task_id },
        'nobody knows whether the links of a task were sent; they are not sent again',
      );
      return 'uncertain';
    }
    let sent = 0;
    try {
      for (const link of links) {
        await sendLink(tools, link);
        sent += 1;
      }
    } catch (error) {
      if (sent === 0 && (!(error instanceof NotConfirmed) || error.arrived === 'no')) {
        const at = links[0];
        if (at) queues.forget(at.queue);
        log.warn({ err: error, task_id: request.task_id }, 'the links of a task are sent later');
        return 'later';
      }
      log.error(
        { err: error, task_id: request.task_id },
        'nobody knows whether the links of a task were sent',
      );
      return 'uncertain';
    }
    await noteLinked(db, request.id);
    return links.map(({ taskId }) => taskId);
  };

  let stopUp = () => {};
  return {
    name: 'answers to celery clients',
    poke: answering.poke,
    start: async () => {
      stopListening = await db.listen('labwright_celery_answers', {
        onMessage: () => answering.poke(),
        onGap: () => answering.poke(),
      });
      stopUp = broker.onUp(() => answering.poke());
      await answering.start();
    },
    stop: async () => {
      stopUp();
      stopListening();
      await answering.stop();
    },
  };
}

const uncertainLink: Exception = {
  exc_type: 'UnknownOutcome',
  exc_message: [
    'It is not known whether this link of the chain was sent: the process that sent it died. Look whether it ran before you ask for it again.',
  ],
  exc_module: null,
};

function exceptionOfRequest({ status, result }: Due): Exception {
  const error = isObject(result) ? result : {};
  if (typeof error.exc_type === 'string') return error as unknown as Exception;
  const message = String(error.message ?? '');
  if (status === 'REVOKED') return revoked(message);
  return toException({ name: String(error.name ?? 'Error'), message });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
