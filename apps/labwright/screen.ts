import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Databases } from './databases.ts';
import type { UpSettings } from './settings.ts';

/** What the start screen tells. */
export interface Lab {
  settings: UpSettings;
  databases: Databases;
  logFile: string;
  devicePort: number;
  workflowPort: number;
}

/** One screen: what runs where, how to look into the databases, and what to do first. */
export function startScreen(lab: Lab): string {
  const { settings, databases } = lab;
  // An address to listen on everywhere is no address to call.
  const host = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(settings.HOST) ? 'localhost' : settings.HOST;
  const devices = `http://${host}:${lab.devicePort}`;
  const workflows = `http://${host}:${lab.workflowPort}`;
  const strong = (text: string) => styleText('bold', text, { stream: process.stdout });
  const dim = (text: string) => styleText('dim', text, { stream: process.stdout });
  // Paths as one would type them here: relative below this folder, absolute elsewhere.
  const here = (path: string) => {
    const near = relative(process.cwd(), path);
    return near.startsWith('..') ? path : near;
  };

  const rows: [string, string, string][] = [
    ['instruments', devices, `device-service    reference: ${devices}/docs`],
    ['experiments', workflows, `workflow-service  reference: ${workflows}/docs`],
  ];
  const database = databases.embedded
    ? [
        `  ${'database'.padEnd(13)}PostgreSQL on 127.0.0.1:${databases.embedded.port}, data in ${here(databases.embedded.folder)}`,
        `  ${'psql'.padEnd(13)}PGPASSFILE=${here(databases.embedded.folder)}/pgpass psql -h localhost -p ${databases.embedded.port} -U lab_admin -d device_db`,
      ]
    : [`  ${'database'.padEnd(13)}the PostgreSQL that DEVICE_DATABASE_URL and WORKFLOW_DATABASE_URL name`];

  return [
    '',
    strong('  Labwright is running'),
    '',
    ...rows.map(([name, url, text]) => `  ${name.padEnd(13)}${strong(url.padEnd(26))}${dim(text)}`),
    ...database,
    `  ${'log'.padEnd(13)}${here(lab.logFile)}`,
    '',
    strong('  The first workflow'),
    '',
    `  curl -X POST ${workflows}/workflows -H "Content-Type: application/json" \\`,
    `    -d '{"name": "First", "device_id": "liquid-handler-1", "sample_barcodes": ["SAMPLE001"], "steps": ["pipette_transfer"]}'`,
    `  curl -X POST ${workflows}/workflows/{id}/start`,
    `  curl -X POST ${workflows}/workflows/{id}/execute-step`,
    `  curl -X POST ${workflows}/workflows/{id}/complete`,
    '',
    dim(
      '  Ctrl-C stops everything once the requests in hand are answered (a second one at once). What is in the databases stays.',
    ),
    '',
    '',
  ].join('\n');
}
