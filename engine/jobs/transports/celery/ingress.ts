import { type Db, type Queryable, sqlState } from '@labwright/kernel/db';
import type { Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { TObject } from 'typebox';
import { enqueue, InvalidArgs } from '../../enqueue.ts';
import type { Task } from '../../task.ts';
import type { Broker } from '../rabbitmq/broker.ts';
import type { Consumer, Delivery } from '../rabbitmq/consumer.ts';
import { celeryAnswers } from './answers.ts';
import { unsupported } from './links.ts';
import { BadMessage, type Embed, type Incoming, readTaskMessage, senderOf } from './message.ts';
import { attachJob, insertRequest, refuseRequest, requestWasRefused } from './requests.ts';
import { type Exception, notRegistered } from './result.ts';
import { celeryQueues } from './topology.ts';

export interface CeleryTaskOptions<A> {
  /** Its name in Python; that of the task where none is given. */
  name?: string;
  /** Of arguments given by position; the order of the task's schema where none is given. */
  parameters?: readonly string[];
  /** The queue of its jobs; the task's own where none is given. */
  queue?: string;
  /** Of all jobs with this key one runs at a time. */
  key?: (args: A) => string | undefined;
}

/** A task of ours that Celery clients may call. */
export interface CeleryTask {
  readonly name: string;
  readonly task: Task;
  readonly options: CeleryTaskOptions<unknown>;
}

export function celeryTask<A, R>(task: Task<A, R>, options: CeleryTaskOptions<A> = {}): CeleryTask {
  return {
    name: options.name ?? task.name,
    task: task as Task,
    options: options as CeleryTaskOptions<unknown>,
  };
}

export interface CeleryIngressOptions {
  /** Where the jobs are; migrated with `celeryMigrations`. */
  db: Db;
  broker: Broker;
  log: Log;
  /** That clients send to. Made as Celery makes it, where there is none; what is refused goes to `<queue>.dead`. */
  queue: string;
  tasks: readonly CeleryTask[];
  /** The Celery queue of a task that a link names without its queue; default `celery`, as Celery's own. */
  route?: (task: string) => string;
}

const prefetch = 200;
const mostAtOnce = 50;
const longestPauseMs = 5_000;

/**
 * Makes jobs of what Celery clients send to a queue, and answers them when those end.
 *
 *     delivered ──understood──► request and job, one commit ──► acknowledged ──…──► the job ends ──► answered
 *        │                        └── known already: acknowledged
 *        └──refused──► request with its failure, one commit ──► <queue>.dead ──► acknowledged, and answered
 */
export function celeryIngress(options: CeleryIngressOptions): Part {
  const { db, broker, log, queue, route = () => 'celery' } = options;
  const tasks = new Map(options.tasks.map((one) => [one.name, one]));
  const dead = `${queue}.dead`;
  const queues = celeryQueues(broker);
  const answers = celeryAnswers({ db, broker, log, route });
  const stop = new AbortController();
  const arrived: Delivery[] = [];
  let working: Promise<void> | undefined;
  let consumer: Consumer | undefined;

  /** In the order of arrival, many in one commit; one by one where that fails, so that one of them cannot hold up the others. */
  const work = async () => {
    while (arrived.length > 0 && !stop.signal.aborted) {
      const group = arrived.splice(0, mostAtOnce);
      try {
        await takeIn(group);
      } catch (error) {
        log.warn({ err: error, queue }, 'messages of celery clients are taken one by one');
        for (const one of group) await takeOne(one);
      }
    }
  };

  const takeOne = async (delivery: Delivery) => {
    for (let ms = 100; !stop.signal.aborted; ms = Math.min(ms * 2, longestPauseMs)) {
      try {
        return await takeIn([delivery]);
      } catch (error) {
        // Data that the database does not take will not be taken later.
        if (sqlState(error)?.startsWith('22')) return await toDead(delivery, String(error));
        log.warn({ err: error, queue }, 'a message of a celery client is taken again');
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  };

  const takeIn = async (group: readonly Delivery[]) => {
    const refusals = await db.transaction(async (tx) => {
      const why: (string | null)[] = [];
      for (const delivery of group) why.push(await store(tx, delivery));
      return why;
    });
    if (refusals.some((why) => why !== null)) answers.poke();
    for (const [at, delivery] of group.entries()) {
      const why = refusals[at];
      if (why) await toDead(delivery, why);
      else delivery.ack();
    }
  };

  /** Null where it is a job now; else why not, which the client is told. */
  const store = async (tx: Queryable, delivery: Delivery): Promise<string | null> => {
    try {
      const asked = readTaskMessage(delivery);
      const known = tasks.get(asked.task);
      if (!known) throw new Refusal(`there is no task ${asked.task} here`, notRegistered(asked.task));
      const reason = unsupported(asked.embed);
      if (reason) throw new Refusal(reason, raised('NotImplementedError', reason));
      const args = argsOf(asked, known);
      const id = await insertRequest(tx, { ...asked, queue });
      if (id === undefined)
        return (await requestWasRefused(tx, asked.taskId, asked.retries)) ? 'it was refused before' : null;
      try {
        const job = await enqueue(tx, known.task, args, optionsOf(asked, known, args));
        await attachJob(tx, id, job.id);
        return null;
      } catch (error) {
        // Found before anything was sent to the database.
        if (!(error instanceof InvalidArgs)) throw error;
        await refuseRequest(tx, id, raised('TypeError', error.message));
        return error.message;
      }
    } catch (error) {
      if (error instanceof Refusal) return await refused(tx, delivery, error.message, error.exception);
      if (error instanceof BadMessage)
        return await refused(
          tx,
          delivery,
          error.message,
          raised('ValueError', `The message was refused: ${error.message}`),
        );
      throw error;
    }
  };

  /** The client is told, where it can be seen who that is. */
  const refused = async (tx: Queryable, delivery: Delivery, why: string, exception: Exception) => {
    const { taskId, task, replyTo, correlationId } = senderOf(delivery);
    if (taskId === null) return why;
    let embed: Partial<Embed> = {};
    let rootId: string | null = null;
    try {
      ({ embed, rootId } = readTaskMessage(delivery));
    } catch {}
    const retries = Number(delivery.properties.headers?.retries) || 0;
    const id = await insertRequest(tx, {
      taskId,
      retries,
      queue,
      task,
      replyTo,
      correlationId,
      rootId,
      embed,
    });
    if (id !== undefined) await refuseRequest(tx, id, exception);
    return why;
  };

  /** Acknowledged when it lies there: not before, or it could be lost. */
  const toDead = async (delivery: Delivery, why: string): Promise<void> => {
    log.warn(
      { queue, task: delivery.properties.headers?.task, reason: why },
      'a message of a celery client is refused',
    );
    for (let ms = 100; !stop.signal.aborted; ms = Math.min(ms * 2, longestPauseMs)) {
      try {
        await queues.ready(dead, stop.signal);
        const { headers, contentType, contentEncoding, correlationId, replyTo } = delivery.properties;
        await broker.publish({
          routingKey: dead,
          content: delivery.content,
          properties: {
            headers: { ...headers, 'x-labwright-reason': why },
            contentType,
            contentEncoding,
            correlationId,
            replyTo,
          },
        });
        delivery.ack();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        queues.forget(dead);
        log.warn({ err: error, queue: dead }, 'a refused message is put aside again');
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  };

  const consume = () => {
    consumer = broker.consume(queue, {
      prefetch,
      onMessage: (delivery) => {
        arrived.push(delivery);
        working ??= work().finally(() => {
          working = undefined;
        });
      },
      onLost: () => {
        arrived.length = 0;
      },
    });
  };

  return {
    name: `celery ingress ${queue}`,
    start: async () => {
      await answers.start();
      // A broker that is away must not keep the process from starting.
      queues.ready(queue, stop.signal).then(consume, (error) => {
        if (!stop.signal.aborted)
          log.error({ err: error, queue }, 'nothing can be taken from celery clients');
      });
    },
    stop: async () => {
      stop.abort();
      await working;
      await consumer?.close();
      await answers.stop();
    },
  };
}

class Refusal extends Error {
  readonly exception: Exception;
  constructor(message: string, exception: Exception) {
    super(message);
    this.exception = exception;
  }
}

const raised = (type: string, message: string): Exception => ({
  exc_type: type,
  exc_message: [message],
  exc_module: 'builtins',
});

/** Positional arguments get the names of the parameters; a task whose arguments are a list takes them as they are. */
function argsOf({ args, kwargs, task }: Incoming, known: CeleryTask): unknown {
  const wrong = (what: string) => new Refusal(`${task}() ${what}`, raised('TypeError', `${task}() ${what}`));
  const schema = known.task.args as { type?: string; properties?: TObject['properties'] };
  if (schema.type === 'array') {
    if (Object.keys(kwargs).length > 0) throw wrong('takes no keyword arguments');
    return args;
  }
  const parameters = known.options.parameters ?? Object.keys(schema.properties ?? {});
  if (args.length > parameters.length)
    throw wrong(`takes ${parameters.length} positional arguments but ${args.length} were given`);
  const named: Record<string, unknown> = { ...kwargs };
  for (const [at, value] of args.entries()) {
    const name = parameters[at] ?? '';
    if (Object.hasOwn(kwargs, name)) throw wrong(`got multiple values for argument '${name}'`);
    named[name] = value;
  }
  return named;
}

function optionsOf(asked: Incoming, { task, options }: CeleryTask, args: unknown) {
  const key = options.key?.(args);
  const { settings } = task;
  return {
    uniqueKey: `celery:${asked.taskId}`,
    // Higher goes first in RabbitMQ, lower here.
    priority: -Math.min(100, asked.priority) || 0,
    // What its client has tried before counts.
    maxAttempts: Math.max(1, settings.maxAttempts - asked.retries),
    ...(options.queue ? { queue: options.queue } : {}),
    ...(key === undefined ? {} : { key }),
    ...(asked.eta ? { runAt: asked.eta } : {}),
    ...(asked.expires ? { expiresAt: asked.expires } : {}),
    ...(asked.timeoutMs ? { timeoutMs: Math.min(2 ** 31 - 1, asked.timeoutMs) } : {}),
  };
}
