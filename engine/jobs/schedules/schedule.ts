import { nullable } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';
import { checkArgs, checkOptions } from '../enqueue.ts';
import type { Task } from '../task.ts';
import type { MissedPolicy } from './missed.ts';
import { checkRule, InvalidSchedule, type Rule } from './rule.ts';

/** What a job is told of the tick that made it, in the property of its arguments that `tickIn` names. */
export const Tick = Type.Object({
  schedule: Type.String(),
  /** When it was to run, ISO 8601 in UTC: not when it does. */
  at: Type.String(),
  /** Where it makes up for others that were missed: the first of those; else null. */
  since: nullable(Type.String()),
});
export type Tick = Static<typeof Tick>;

/** What happens at a tick while a job of the one before has not ended: one more beside it, none, or one behind it. */
export type Overlap = 'allow' | 'skip' | 'queue';

export interface ScheduleDefinition<A> {
  /** Unique in the database; 1 to 150 characters. */
  name: string;
  task: Task<A>;
  args: NoInfer<A>;
  /** A property of the arguments that is given a `Tick` in place of what stands there. */
  tickIn?: keyof A & string;
  /** Minute, hour, day, month, weekday; six fields: a second before them. Daylight saving: see `rule.ts`. */
  cron?: string;
  /** The IANA time zone of `cron`; default UTC. */
  zone?: string;
  /** Milliseconds between ticks, 1,000 or more, instead of `cron`. */
  everyMs?: number;
  /** `everyMs` counts from here; default: when it was first stored. */
  anchor?: Date;
  /** Default `one`: one run for all the ticks for which no process was there. */
  missed?: MissedPolicy;
  /** Default `allow`. */
  overlap?: Overlap;
  queue?: string;
  priority?: number;
  maxAttempts?: number;
  timeoutMs?: number;
  /** The key of its jobs; with the overlap `queue` and without a key, one of its own. */
  key?: string;
}

/** A schedule as it is declared, checked. */
export interface Schedule {
  readonly name: string;
  readonly rule: { cron: string; zone: string } | { everyMs: number; anchor: Date | null };
  /** The columns of its row that say what is made. */
  readonly job: {
    task: string;
    args: unknown;
    tickIn: string | null;
    queue: string;
    priority: number;
    maxAttempts: number;
    timeoutMs: number | null;
    key: string | null;
  };
  readonly missed: MissedPolicy;
  readonly overlap: Overlap;
}

/** Throws `InvalidSchedule` for a rule that cannot be read, `InvalidArgs` for arguments that the task does not take. */
export function defineSchedule<A>(definition: ScheduleDefinition<A>): Schedule {
  const { name, task, tickIn, overlap = 'allow', missed = 'one' } = definition;
  if (name.length === 0 || name.length > 150) throw new InvalidSchedule('name has 1 to 150 characters.');
  const rule = ruleOf(definition);
  checkRule('everyMs' in rule ? { ...rule, anchor: rule.anchor ?? new Date() } : rule);
  const sample: Tick = { schedule: name, at: new Date().toISOString(), since: null };
  checkArgs(task, withTick(definition.args, tickIn ?? null, sample));
  checkOptions(definition);
  const { settings } = task;
  return {
    name,
    rule,
    job: {
      task: task.name,
      args: definition.args,
      tickIn: tickIn ?? null,
      queue: definition.queue ?? settings.queue,
      priority: definition.priority ?? 0,
      maxAttempts: definition.maxAttempts ?? settings.maxAttempts,
      timeoutMs: (definition.timeoutMs ?? settings.timeoutMs) || null,
      key: definition.key ?? (overlap === 'queue' ? `schedule:${name}` : null),
    },
    missed,
    overlap,
  };
}

function ruleOf({
  cron,
  zone,
  everyMs,
  anchor,
}: Pick<ScheduleDefinition<unknown>, 'cron' | 'zone' | 'everyMs' | 'anchor'>): Schedule['rule'] {
  if (cron !== undefined && everyMs === undefined && anchor === undefined)
    return { cron, zone: zone ?? 'UTC' };
  if (everyMs !== undefined && cron === undefined && zone === undefined)
    return { everyMs, anchor: anchor ?? null };
  throw new InvalidSchedule(
    'A schedule has either cron, with a zone where it is not UTC, or everyMs, with an anchor.',
  );
}

export const withTick = (args: unknown, tickIn: string | null, tick: Tick): unknown =>
  tickIn === null ? args : { ...(args as object), [tickIn]: tick };

const Time = nullable(Type.String());

/** A row of `job_schedules`. */
export const ScheduleRow = Type.Object({
  name: Type.String(),
  owner: Type.String(),
  task: Type.String(),
  args: Type.Unknown(),
  tick_in: nullable(Type.String()),
  cron: nullable(Type.String()),
  zone: nullable(Type.String()),
  every_ms: nullable(Type.String()),
  anchor: Time,
  queue: Type.String(),
  priority: Type.Integer(),
  max_attempts: Type.Integer(),
  timeout_ms: nullable(Type.Integer()),
  key: nullable(Type.String()),
  missed: Type.Enum(['skip', 'one', 'all']),
  overlap: Type.Enum(['allow', 'skip', 'queue']),
  enabled: Type.Boolean(),
  paused: Type.Boolean(),
  next_at: Time,
  last_at: Time,
  last_job: nullable(Type.String()),
  skipped: Type.String(),
  fault: nullable(Type.String()),
});
export type ScheduleRow = Static<typeof ScheduleRow>;
export const scheduleColumns = Object.keys(ScheduleRow.properties).join(', ');

export function ruleOfRow({ cron, zone, every_ms, anchor }: ScheduleRow): Rule {
  if (every_ms !== null && anchor !== null) return { everyMs: Number(every_ms), anchor: new Date(anchor) };
  return { cron: cron ?? '', zone: zone ?? 'UTC' };
}
