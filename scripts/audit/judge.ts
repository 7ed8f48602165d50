/** From mild to grave, as advisories are rated. */
const severities = ['info', 'low', 'moderate', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** A known weakness that is borne for a while. */
export interface Exception {
  /** `GHSA-xxxx-xxxx-xxxx` */
  readonly id: string;
  readonly reason: string;
  /** The last day, `2026-12-31`: after it somebody looks again. */
  readonly until: string;
}

export interface Policy {
  /** The mildest that fails. */
  readonly failsFrom: Severity;
  readonly exceptions: readonly Exception[];
}

/** Of what `npm audit --json` answers (version 2), as much as counts here. */
export interface AuditReport {
  vulnerabilities: Record<
    string,
    { name: string; via: (string | { title: string; url: string; severity: string; range: string })[] }
  >;
}

export interface Verdict {
  readonly failures: string[];
  readonly borne: string[];
}

/** Holds each advisory against the policy, once however many packages it reaches. `today`: `2026-11-22`. */
export function judge(report: AuditReport, { failsFrom, exceptions }: Policy, today: string): Verdict {
  const failures: string[] = [];
  const borne: string[] = [];
  const met = new Set<string>();
  for (const { name, via } of Object.values(report.vulnerabilities))
    for (const advisory of via) {
      // A text names the package by which the weakness came: it has an entry of its own.
      if (typeof advisory === 'string' || met.has(advisory.url)) continue;
      met.add(advisory.url);
      const id = advisory.url.split('/').at(-1) ?? advisory.url;
      const line = `${advisory.severity}: ${name} ${advisory.range}: ${advisory.title} (${advisory.url})`;
      const exception = exceptions.find((one) => one.id === id);
      if (exception && exception.until >= today)
        borne.push(`${line}; until ${exception.until}: ${exception.reason}`);
      else if (exception) failures.push(`${line}; the exception ended on ${exception.until}`);
      // What has a rating that nobody knows yet is taken for grave.
      else if (rank(advisory.severity) >= rank(failsFrom)) failures.push(line);
    }
  for (const { id } of exceptions)
    if (![...met].some((url) => url.endsWith(id)))
      failures.push(`${id} is excepted and not found any more: take the exception away`);
  return { failures, borne };
}

function rank(severity: string): number {
  const place = severities.indexOf(severity as Severity);
  return place < 0 ? severities.length : place;
}
