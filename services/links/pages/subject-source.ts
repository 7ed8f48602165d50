import type { Vouch } from '@labwright/contract-hub/identity/vouching';
import type { Subject, SubjectKind } from '@labwright/contract-hub/links';
import { contextHeaders } from '@labwright/kernel/context';

/** What is known of a subject: a line each. */
export type Facts = readonly (readonly [name: string, value: string])[];

/** `unknown`: the service that would have it says that there is none. `refused`: whoever asks may not see it. `away`: nobody answers. */
export type Found = Facts | 'unknown' | 'refused' | 'away';

/** Where the facts about subjects come from: the services that have them, asked with the credentials of whoever asks. */
export type SubjectSource = (
  subject: Subject,
  asking: { readonly headers: Readonly<Record<string, unknown>>; readonly ip: string },
) => Promise<Found>;

export interface SubjectUrls {
  /** `http://host:port`, as soon as it is known. */
  devices: () => string | undefined;
  workflows: () => string | undefined;
}

const answerMs = 3_000;

const shown: Record<SubjectKind, { of: keyof SubjectUrls; path: string; facts: (body: Body) => Facts }> = {
  device: {
    of: 'devices',
    path: '/devices/',
    facts: (body) => lines({ Name: body.name, Type: body.type, Status: body.status }),
  },
  sample: {
    of: 'workflows',
    path: '/samples/',
    facts: (body) =>
      lines({
        Type: body.sample_type,
        Plate: body.plate_id,
        Well: body.well,
        'Volume (µl)': body.volume_ul,
        Since: body.created_at,
      }),
  },
  plate: {
    of: 'workflows',
    path: '/plates/',
    facts: (body) =>
      lines({
        Name: body.name,
        Wells: `${body.rows} × ${body.columns}`,
        Samples: Array.isArray(body.samples) ? body.samples.length : undefined,
        Since: body.created_at,
      }),
  },
};

type Body = Record<string, unknown>;

const lines = (given: Body): Facts =>
  Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [],
  );

/** Facts by HTTP, as anybody may ask for them. `vouch` tells the services at which address whoever asks is. */
export function httpSubjects(urls: SubjectUrls, vouch: Vouch = () => ({})): SubjectSource {
  return async ({ kind, id }, { headers, ip }) => {
    const { of, path, facts } = shown[kind];
    const base = urls[of]();
    if (base === undefined) return 'away';
    const credentials = Object.fromEntries(
      ['authorization', 'cookie'].flatMap((name) =>
        typeof headers[name] === 'string' ? [[name, headers[name]]] : [],
      ),
    );
    try {
      const answer = await fetch(`${base}${path}${encodeURIComponent(id)}`, {
        headers: { ...credentials, ...vouch(ip), ...contextHeaders(), accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(answerMs),
      });
      if (answer.status === 404) return 'unknown';
      if (answer.status === 401 || answer.status === 403) return 'refused';
      if (!answer.ok) return 'away';
      const body: unknown = await answer.json();
      return typeof body === 'object' && body !== null ? facts(body as Body) : 'away';
    } catch {
      return 'away';
    }
  };
}
