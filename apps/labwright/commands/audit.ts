import { auditOptions } from '../audit/options.ts';
import { command } from '../command-line/define.ts';

const database = {
  type: 'string',
  multiple: true,
  value: 'URL',
  doc: 'postgres://… of a service; without it those of the laboratory in this folder',
} as const;

export const auditVerifyCommand = command({
  name: 'audit verify',
  summary: 'compute the chain of the audit trail anew',
  notes: [
    'Names every entry that was edited, put in, moved or taken away; with heads that were kept, an end that was cut off too.',
  ],
  options: {
    database,
    head: { type: 'string', multiple: true, value: 'HEAD', doc: 'a head that was kept: SEQ:HASH:CHAIN' },
    heads: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      doc: 'a file with heads anywhere in its text, such as a log',
      completes: 'file',
    },
  },
  examples: [
    { line: 'audit verify', says: 'every chain of the laboratory in this folder' },
    { line: 'audit verify --heads /somewhere/else/heads.txt', says: 'compared with heads that were kept' },
  ],
  run: async ({ values, terminal }) => {
    const options = auditOptions({ verb: 'verify', ...values });
    const { audit } = await import('../audit/audit.ts');
    return audit(options, terminal.say);
  },
});

export const auditHeadCommand = command({
  name: 'audit head',
  summary: 'how far each chain has come: to be kept elsewhere',
  options: { database },
  examples: [{ line: 'audit head >> /somewhere/else/heads.txt', says: 'every night, say' }],
  run: async ({ values, terminal }) => {
    const options = auditOptions({ verb: 'head', ...values });
    const { audit } = await import('../audit/audit.ts');
    return audit(options, terminal.say);
  },
});
