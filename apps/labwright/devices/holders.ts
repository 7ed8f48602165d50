import type { Booking } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import type { Lab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';

/** Workflows that hold devices, or wait for them, by their id. What a program booked under an id of its own is none of them. */
export type Holders = ReadonlyMap<string, Workflow>;

type Reach = Pick<Lab, 'workflows'>;

/** Of those in one state; beyond that their ids have to do. */
const mostOfAKind = 1_000;

/** Those who hold these devices. Where workflow-service is away nobody has a name. */
export const readHolders = (lab: Reach, held: readonly { booking: Booking | null }[]): Promise<Holders> =>
  held.some(({ booking }) => booking !== null)
    ? inStates(lab, ['running', 'failed'])
    : Promise.resolve(new Map());

/** Those who hold devices, and those who wait for them. */
export const readQueued = (lab: Reach): Promise<Holders> => inStates(lab, ['running', 'failed', 'queued']);

async function inStates({ workflows }: Reach, statuses: readonly string[]): Promise<Holders> {
  const lists = statuses.map((status) =>
    gather(pages<Workflow>(workflows, '/workflows', 'workflows', { query: { status }, atMost: mostOfAKind })),
  );
  const found = await Promise.all(lists).catch(() => []);
  return new Map(found.flat().map((one) => [one.id, one]));
}

/** A sentence of device-service, which knows ids alone, with the names of workflows. */
export const withNames = (text: string, holders: Holders): string =>
  text.replace(/\bWorkflow (\S+)/g, (whole, id: string) => {
    const name = holders.get(id)?.name;
    return name === undefined ? whole : `“${name}”`;
  });
