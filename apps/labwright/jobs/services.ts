import { UsageError } from '@labwright/kernel/command-line';
import type { Lab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import type { Service } from '../lab/service.ts';
import { type Of, type QueueList, type ServiceName, serviceNames } from './types.ts';

type Query = Readonly<Record<string, string | undefined>>;

const members = { device: 'devices', workflow: 'workflows', hub: 'hub' } as const;

export const serviceOf = (lab: Lab, name: ServiceName): Service => lab[members[name]];

/** Those that `--service` names: without it all three. Throws `UsageError`. */
export function servicesOf(named: string | undefined): readonly ServiceName[] {
  if (named === undefined) return serviceNames;
  const found = serviceNames.find((one) => one === named);
  if (!found) throw new UsageError(`--service is device, workflow or hub, not "${named}".`);
  return [found];
}

/** What several services have of a list, each with the service that has it. */
export async function listOf<T>(
  lab: Lab,
  names: readonly ServiceName[],
  { path, key, query, atMost }: { path: string; key: string; query?: Query; atMost?: number },
): Promise<Of<T>[]> {
  const lists = await Promise.all(
    names.map(async (service) => {
      const options = { ...(query ? { query } : {}), ...(atMost === undefined ? {} : { atMost }) };
      const all = await gather(pages<T>(serviceOf(lab, service), path, key, options));
      return all.map((one) => ({ ...one, service }));
    }),
  );
  return lists.flat();
}

/** `device:4711` as its two parts: `4711` alone is of the service that is named beside it. Throws `UsageError`. */
export function placeOf(text: string, named: string | undefined): { service: ServiceName; id: string } {
  const [, prefix, id = ''] = /^(?:(device|workflow|hub):)?(.+)$/.exec(text) ?? [];
  const [service] = prefix || named ? servicesOf(prefix ?? named) : [];
  if (!service)
    throw new UsageError(
      `Each service has jobs of its own: say whose "${text}" is, device:${text}, workflow:${text} or hub:${text}.`,
    );
  return { service, id };
}

/** The service that has this queue, where only one does. Throws `UsageError`. */
export async function queuePlace(
  lab: Lab,
  text: string,
  named: string | undefined,
): Promise<{ service: ServiceName; name: string }> {
  if (named !== undefined || /^(device|workflow|hub):/.test(text)) {
    const { service, id } = placeOf(text, named);
    return { service, name: id };
  }
  const found: ServiceName[] = [];
  for (const service of serviceNames) {
    const { queues } = await serviceOf(lab, service).get<QueueList>('/jobs/queues');
    if (queues.some(({ name }) => name === text)) found.push(service);
  }
  const [service] = found;
  if (service === undefined)
    throw new UsageError(`No service has a queue "${text}". labwright jobs shows them all.`);
  if (found.length > 1)
    throw new UsageError(
      `${found.join(' and ')} both have a queue "${text}": say whose, ${service}:${text}.`,
    );
  return { service, name: text };
}
