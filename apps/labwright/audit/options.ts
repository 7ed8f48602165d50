import { UsageError } from '@labwright/kernel/command-line';

export interface AuditOptions {
  verb: 'verify' | 'head';
  /** Empty: those of the laboratory here. */
  databases: string[];
  /** As they were given, and files that have some anywhere in their text. */
  heads: string[];
  headFiles: string[];
}

/** Checks what was given. Throws `UsageError`. */
export function auditOptions({
  verb,
  database = [],
  head = [],
  heads = [],
}: {
  verb: AuditOptions['verb'];
  database?: string[] | undefined;
  head?: string[] | undefined;
  heads?: string[] | undefined;
}): AuditOptions {
  for (const url of database)
    if (!/^postgres(ql)?:\/\//.test(url))
      throw new UsageError(`--database takes postgres://…, not "${url}".`);
  return { verb, databases: database, heads: head, headFiles: heads };
}
