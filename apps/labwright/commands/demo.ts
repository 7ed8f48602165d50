import { command } from '../command-line/define.ts';

export const demoCommand = command({
  name: 'demo',
  summary: 'fill an empty laboratory with demo data',
  notes: ['The laboratory may be running. One that has devices keeps them as they are.'],
  options: { logs: { type: 'string', value: 'N', doc: 'at least so many execution logs in all' } },
  examples: [
    { line: 'demo', says: 'devices, samples, plates, workflows' },
    { line: 'demo --logs 500000', says: '… and a long history, to try searches and exports' },
  ],
  run: async ({ values, terminal }) => {
    const { demo } = await import('../demo.ts');
    await demo(values, terminal.say);
    return undefined;
  },
});
