import type { Queryable } from '@labwright/kernel/db';

export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Something that people may want to hear of. */
export interface AnnouncedEvent {
  /** A UUID; announced again with the same one, nobody hears of it twice. */
  id: string;
  /** `task.assigned`, `chat.mention`, `workflow.failed`, …: a noun, a dot, what happened to it. */
  type: string;
  severity: Severity;
  title: string;
  text: string;
  /** Where to look: a path of the hub, or an http(s) address. */
  link: string | null;
  /** What it is about. Subscriptions ask for a device or a workflow by it. */
  subject: { device_id?: string; workflow_id?: string; room?: string };
  /** Ids of principals. Absent: whoever subscribed to it. */
  recipients?: string[];
  /** ISO 8601. */
  occurred_at: string;
}

/** Tells people. Who is told, where and when is decided by their subscriptions, in the background. */
export interface Announcer {
  /** Stores the event in the caller's transaction: people hear of it if and when that commits. */
  announce(tx: Queryable, event: AnnouncedEvent): Promise<void>;
}
