/**
 * Two workflows for one instrument: the first is carried out step by step, the second waits in the queue, runs by itself, and is watched
 * until it is completed.
 *
 *     npm start                                               # in another terminal
 *     node examples/client-typescript/run.ts
 *
 * HUB names another address than that of `npm start`; TOKEN is an API token, where people sign in.
 */
import { createClient, isLabwrightError } from '@labwright/client';

const { HUB, TOKEN, DEVICE = 'liquid-handler-1' } = process.env;
const lab = createClient({ hub: HUB, token: TOKEN });

const operations = await lab.devices.operations(DEVICE);
console.log(`${DEVICE} can do ${operations.map(({ name }) => name).join(', ')}`);

const describe = (name: string) => ({
  name,
  device_id: DEVICE,
  sample_barcodes: ['SAMPLE001', 'SAMPLE002'],
  steps: ['pipette_transfer', { operation: 'dispense_reagent', parameters: {} }],
});
const first = await lab.workflows.create(describe('By hand'));
const second = await lab.workflows.create(describe('By itself'));

await lab.workflows.start(first.id);
try {
  await lab.workflows.start(second.id);
} catch (error) {
  if (!isLabwrightError(error, 'device_busy')) throw error;
  console.log(`refused: ${error.detail}`);
}
await lab.workflows.start(second.id, { queue: true, priority: 'urgent', auto: true });
const wait = await lab.devices.waitTime(DEVICE, { workflow_id: second.id });
const howLong =
  wait.estimated_wait_seconds === null
    ? 'nobody can say how long' // It may be that the one that holds it waits for somebody, as here: for its next step.
    : `for about ${wait.estimated_wait_seconds} s`;
console.log(`"${second.name}" waits as number ${wait.position}, ${howLong}`);
for (const { text } of wait.waiting_reasons) console.log(`  ${text}`);

for (const _step of first.steps) {
  const { step } = await lab.workflows.executeStep(first.id);
  console.log(`"${first.name}": ${step.operation} ${step.status}`);
}
// The device goes to who waits for it.
await lab.workflows.complete(first.id);

for await (const { name, status, steps } of lab.workflows.watch(second.id)) {
  const done = steps.filter((step) => step.status === 'succeeded').length;
  console.log(`"${name}": ${status}, ${done} of ${steps.length} steps`);
}

for await (const log of lab.logs.list({ workflow_id: second.id }))
  console.log(`${log.started_at} ${log.operation} ${log.status} in ${log.duration_ms} ms`);
