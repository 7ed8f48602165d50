import assert from 'node:assert/strict';
import { eventually } from '@labwright/kernel/testing';
import type { BrowserLab } from '../lab.ts';
import { givePast, letPass } from './past.ts';

export interface Scene {
  /** A workflow that runs, and whose second step is at work. */
  readonly running: string;
  /** A task with a form. */
  readonly task: string;
}

/** Brings a demo laboratory into a state worth looking at, and one that stays: what runs goes at the speed of real instruments. */
export async function setScene(lab: BrowserLab): Promise<Scene> {
  const send = async <Answer = { id: string }>(method: string, url: string, body: object = {}) => {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${url}: ${text}`);
    return JSON.parse(text) as Answer;
  };
  const slow = (device: string, speed = 1) =>
    send('PATCH', `${lab.devices}/devices/${device}`, { settings: { speed } });
  const begin = async (
    name: string,
    device: string,
    steps: (string | object)[],
    start: { auto?: boolean; queue?: boolean; priority?: string },
  ) => {
    const { id } = await send('POST', `${lab.workflows}/workflows`, { name, device_id: device, steps });
    await send('POST', `${lab.workflows}/workflows/${id}/start`, start);
    return id;
  };
  const stepOf = (id: string, index: number, status: string) =>
    eventually(`step ${index + 1} of ${id} is ${status}`, async () => {
      const { steps } = (await (await fetch(`${lab.workflows}/workflows/${id}`)).json()) as {
        steps: { status: string }[];
      };
      return steps[index]?.status === status ? true : undefined;
    });

  await givePast(lab);
  // The first step at the speed of the demo, the second at that of an instrument.
  const running = await begin(
    'Serial dilution, batch 7',
    'liquid-handler-1',
    ['mix', 'dispense_reagent', 'pipette_transfer', 'mix', 'pipette_transfer'],
    {},
  );
  const next = () => send('POST', `${lab.workflows}/workflows/${running}/execute-step`, { wait_seconds: 30 });
  await next();
  await stepOf(running, 0, 'succeeded');
  await slow('liquid-handler-1', 0.1);
  await send('POST', `${lab.workflows}/workflows/${running}/execute-step`, { wait_seconds: 0 });
  await stepOf(running, 1, 'running');
  for (const [name, priority] of [
    ['PCR set-up, plate 3', 'urgent'],
    ['PCR set-up, plate 4', 'normal'],
    ['ELISA set-up', 'normal'],
    ['Cleaning', 'low'],
  ] as const)
    await begin(name, 'liquid-handler-1', ['mix', 'dispense_reagent'], { queue: true, priority });

  await slow('incubator-1');
  await begin('Overnight culture', 'incubator-1', ['set_temperature', 'incubate'], { auto: true });
  await slow('thermocycler-1');
  await begin('PCR amplification', 'thermocycler-1', ['run_pcr'], { auto: true });
  await send('PATCH', `${lab.devices}/devices/plate-reader-2`, {
    status: 'maintenance',
    reason: 'A new lamp',
  });

  const { id: task } = await send('POST', `${lab.url}/tasks`, {
    title: 'Seal plate 3',
    instructions: 'Use a **clear** seal.\n\n1. Wipe the edge\n2. Press it on for ten seconds',
    priority: 'urgent',
    fields: [
      { type: 'barcode', name: 'plate', label: 'Plate', expected: ['PLATE-03'] },
      { type: 'number', name: 'volume', label: 'Volume left', unit: 'µL', minimum: 0, maximum: 200 },
      { type: 'choice', name: 'seal', label: 'Seal', options: ['clear', 'foil'] },
      { type: 'yes_no', name: 'bubbles', label: 'Any bubbles?' },
    ],
  });
  for (const title of ['Refill the tips of liquid handler 2', 'Bring plate 5 to the reader'])
    await send('POST', `${lab.url}/tasks`, { title, fields: [] });
  await letPass(lab, running);
  return { running, task };
}
