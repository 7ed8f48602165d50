import { command } from '../command-line/define.ts';

export const doctorCommand = command({
  name: 'doctor',
  summary: 'find out what is wrong, and what mends it',
  notes: [
    'Looks at the machine, the settings, the databases and what the laboratory waits for. It changes nothing.',
  ],
  options: { json: { type: 'boolean', doc: 'the findings as JSON, for programs' } },
  examples: [{ line: 'doctor', says: 'where the laboratory runs, or will not start' }],
  exitCodes: {
    1: 'something does not work',
    3: 'it works, and soon will not, or not for everybody',
    4: 'no laboratory answers; nothing else is wrong that would keep it from starting',
  },
  run: async ({ values, terminal }) => {
    const { doctor } = await import('../doctor/doctor.ts');
    return doctor({ json: values.json ?? false }, terminal.say, terminal.env);
  },
});
