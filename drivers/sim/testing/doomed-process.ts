import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { simulators } from '../index.ts';

/*
 * A process that drives a simulated incubator in real time until it is killed. It prints `ready`, and then sends
 * a command of half an hour for each line that it reads: `<execution id> <fencing token>`. It prints `moving`
 * when that moves, and the outcome as JSON where there is one.
 */
const [folder = ''] = process.argv.slice(2);
const model = simulators.find(({ type }) => type === 'incubator');
if (!model) throw new Error('there is no incubator');
const driver = await model.open({ device_id: 'incubator-1', journalFolder: folder });
const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  const [execution_id = '', token] = line.split(' ');
  const command = { execution_id, operation: 'incubate', parameters: {}, fencing_token: Number(token) };
  let moves = false;
  const onProgress = () => {
    if (!moves) process.stdout.write('moving\n');
    moves = true;
  };
  process.stdout.write(`${JSON.stringify(await driver.execute(command, { onProgress }))}\n`);
});
process.stdout.write('ready\n');
await once(input, 'close');
