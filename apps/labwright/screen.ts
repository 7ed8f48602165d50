import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Databases } from './databases.ts';
import { signInIsLost, type UpSettings } from './settings.ts';

/** What the start screen tells. */
export interface Lab {
  settings: UpSettings;
  databases: Databases;
  logFile: string;
  devicePort: number;
  workflowPort: number;
  hubPort: number;
  /** Where the token of the first administrator stands; null: nobody needs one. */
  setupAt: string | null;
}

/** One screen: what runs where, how to look into the databases, and what to do first. */
export function startScreen(lab: Lab): string {
  const { settings, databases } = lab;
  // An address to listen on everywhere is no address to call.
  const host = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(settings.HOST) ? 'localhost' : settings.HOST;
  const devices = `http://${host}:${lab.devicePort}`;
  const workflows = `http://${host}:${lab.workflowPort}`;
  const hub = `http://${host}:${lab.hubPort}`;
  const strong = (text: string) => styleText('bold', text, { stream: process.stdout });
  const dim = (text: string) => styleText('dim', text, { stream: process.stdout });
  // Paths as one would type them here: relative below this folder, absolute elsewhere.
  const here = (path: string) => {
    const near = relative(process.cwd(), path);
    return near.startsWith('..') ? path : near;
  };

  const rows: [string, string, string][] = [
    ['browser', hub, 'the laboratory in pages: open this'],
    ['instruments', devices, `device-service    reference: ${devices}/docs`],
    ['experiments', workflows, `workflow-service  reference: ${workflows}/docs`],
    ['people', hub, `hub-service       reference: ${hub}/docs`],
  ];
  const database = databases.embedded
    ? [
        `  ${'database'.padEnd(13)}PostgreSQL on 127.0.0.1:${databases.embedded.port}, data in ${here(databases.embedded.folder)}`,
        `  ${'psql'.padEnd(13)}PGPASSFILE=${here(databases.embedded.folder)}/pgpass psql -h localhost -p ${databases.embedded.port} -U lab_admin -d device_db`,
      ]
    : [
        `  ${'database'.padEnd(13)}the PostgreSQL that DEVICE_DATABASE_URL, WORKFLOW_DATABASE_URL and HUB_DATABASE_URL name`,
      ];

  // Where people sign in, nobody may do anything without saying who they are.
  const as = settings.LABWRIGHT_ACCOUNTS ? ' -H "Authorization: Bearer $ACCESS_TOKEN"' : '';

  return [
    '',
    strong('  Labwright is running'),
    '',
    ...rows.map(([name, url, text]) => `  ${name.padEnd(13)}${strong(url.padEnd(26))}${dim(text)}`),
    ...database,
    `  ${'log'.padEnd(13)}${here(lab.logFile)}`,
    '',
    ...needsHttps(settings, strong),
    ...firstAdministrator(lab, hub, strong, here),
    strong('  The first workflow'),
    ...(as
      ? [
          dim(
            `  ACCESS_TOKEN is access_token in the answer of POST ${hub}/setup or /session with "deliver": "body".`,
          ),
        ]
      : []),
    '',
    `  curl -X POST ${workflows}/workflows${as} -H "Content-Type: application/json" \\`,
    `    -d '{"name": "First", "device_id": "liquid-handler-1", "sample_barcodes": ["SAMPLE001"], "steps": ["pipette_transfer"]}'`,
    `  curl -X POST ${workflows}/workflows/{id}/start${as}`,
    `  curl -X POST ${workflows}/workflows/{id}/execute-step${as}`,
    `  curl -X POST ${workflows}/workflows/{id}/complete${as}`,
    '',
    dim(
      '  Ctrl-C stops everything once the requests in hand are answered (a second one ends it at once, PostgreSQL too). What is in the databases stays.',
    ),
    '',
    '',
  ].join('\n');
}

/** Where others may come, and no browser would keep their sign-in. */
function needsHttps(settings: UpSettings, strong: (text: string) => string): string[] {
  if (!signInIsLost(settings)) return [];
  return [
    strong('  Other computers need https'),
    '',
    '  Browsers keep no sign-in over http. Put TLS before this laboratory and start it with',
    '  HUB_PUBLIC_URL=https://…: docs/how-to/accounts.md. On this computer http://localhost works as it is.',
    '',
  ];
}

/** What to do first where people sign in and nobody can yet. */
function firstAdministrator(
  { setupAt }: Lab,
  hub: string,
  strong: (text: string) => string,
  here: (path: string) => string,
): string[] {
  if (setupAt === null) return [];
  const isFile = setupAt.includes('/') || setupAt.includes('\\');
  const token = isFile ? `$(cat ${here(setupAt)})` : `$${setupAt}`;
  return [
    strong('  The first administrator'),
    '',
    `  The setup token is ${isFile ? `in the file ${here(setupAt)}` : `what ${setupAt} says`}. Open ${hub} and make the account there, or`,
    '',
    `  curl -X POST ${hub}/setup -H "Content-Type: application/json" \\`,
    `    -d '{"token": "'"${token}"'", "name": "…", "email": "…", "password": "…", "deliver": "body"}'`,
    '',
  ];
}
