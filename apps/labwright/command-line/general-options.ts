import type { OptionSpecs } from './command.ts';

/** Of every command that asks the services. */
export const generalOptions = {
  json: { type: 'boolean', doc: 'the answer as JSON, for programs' },
  url: {
    type: 'string',
    value: 'URL',
    doc: 'where the hub is, and by way of it the other two (LABWRIGHT_URL; http://localhost:5000)',
  },
  'device-url': {
    type: 'string',
    value: 'URL',
    doc: 'where device-service is, straight (LABWRIGHT_DEVICE_URL; http://localhost:5001)',
  },
  'workflow-url': {
    type: 'string',
    value: 'URL',
    doc: 'where workflow-service is, straight (LABWRIGHT_WORKFLOW_URL; http://localhost:5002)',
  },
  token: {
    type: 'string',
    value: 'TOKEN',
    doc: 'who asks, where people have accounts: an API token (LABWRIGHT_TOKEN; whoever signed in)',
  },
} as const satisfies OptionSpecs;

/** What any command understands. */
export const everywhere: OptionSpecs = {
  'no-color': { type: 'boolean', doc: 'no colours; the same as NO_COLOR=1' },
  help: { type: 'boolean', short: 'h', doc: 'this page' },
};
