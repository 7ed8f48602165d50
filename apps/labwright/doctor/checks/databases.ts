import { readMigrations } from '@labwright/kernel/migrate';
import type pg from 'pg';
import { migrationSets, type ServiceName } from '../../backup/services.ts';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';
import { ownerOf } from './home.ts';

/** Databases that do not answer, and why. */
export async function checkReachable({
  laboratory,
  urls,
  unreachable,
  exists,
}: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  const embedded = laboratory.urls === undefined;
  if (embedded && !exists)
    return [
      {
        code: 'no_laboratory',
        severity: 'warning',
        title: 'There is no laboratory in this folder yet.',
        evidence: [laboratory.home],
        remedy: 'npm start makes one. Is it elsewhere? LABWRIGHT_HOME names the folder',
      },
    ];
  for (const [service, error] of unreachable) {
    const cause = error.cause instanceof Error ? error.cause : error;
    const code = 'code' in cause ? String(cause.code) : '';
    const url = urls.get(service);
    const where = url ? describe(url) : laboratory.home;
    const away = ['ECONNREFUSED', 'ENOENT'].includes(code);
    // Its PostgreSQL ends with the laboratory: that nothing runs is no trouble.
    if (embedded && away && !(await ownerOf(laboratory.home))?.alive) continue;
    findings.push({
      ...reasonOf(code, embedded, service),
      severity: 'trouble',
      evidence: [`${service}: ${where}: ${cause.message || code}`],
    });
  }
  return findings;
}

function reasonOf(code: string, embedded: boolean, service: ServiceName) {
  const setting = {
    'device-service': 'DEVICE_DATABASE_URL',
    'workflow-service': 'WORKFLOW_DATABASE_URL',
    'hub-service': 'HUB_DATABASE_URL',
  }[service];
  if (code === '28P01' || code === '28000' || code === 'password_lost')
    return {
      code: 'database_password',
      title: `The database of ${service} refuses the password.`,
      remedy: embedded
        ? 'The file postgres/pgpass in LABWRIGHT_HOME is not that of this data: put it back from a backup'
        : `Put the right user and password into ${setting}. To set one: ALTER ROLE name PASSWORD '…' in psql`,
    };
  if (code === '3D000')
    return {
      code: 'database_missing',
      title: `The database of ${service} does not exist.`,
      remedy: `createdb NAME on that server, or name the right one in ${setting}`,
    };
  if (code === '53300')
    return {
      code: 'database_connections',
      title: `The server of ${service} has no connection left.`,
      remedy: 'Raise max_connections there, or run fewer workers: labwright scale --status shows them',
    };
  return {
    code: 'database_unreachable',
    title: `The database of ${service} cannot be reached.`,
    remedy: embedded
      ? 'The laboratory starts its PostgreSQL again by itself; logs/labwright.log and postgres/postgres.log in LABWRIGHT_HOME say why it ended'
      : `Start PostgreSQL there, let this machine through its firewall and pg_hba.conf, or name the right address in ${setting}`,
  };
}

function describe(url: string): string {
  const { hostname, port, pathname, username } = new URL(url);
  return `${pathname.slice(1)} on ${hostname}:${port || 5432} as ${username || 'the default user'}`;
}

/** Schemas that are older or newer than this program. */
export async function checkMigrations({ databases }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [service, client] of databases) {
    if (!(await hasTable(client, 'schema_migrations'))) {
      findings.push({
        code: 'database_empty',
        severity: 'warning',
        title: `The database of ${service} is empty.`,
        evidence: ['it has no table schema_migrations'],
        remedy: 'The service makes its tables when it starts. Is it the right database?',
      });
      continue;
    }
    if (await hasTable(client, 'restore_unfinished'))
      findings.push({
        code: 'restore_unfinished',
        severity: 'trouble',
        title: `A restore into the database of ${service} did not come to its end.`,
        evidence: ['it has the table restore_unfinished'],
        remedy: 'labwright restore FILE --replace',
      });
    findings.push(...(await compare(service, client)));
  }
  return findings;
}

async function compare(service: ServiceName, client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ set_name: string; number: number; name: string; checksum: string }>(
    'SELECT set_name, number, name, checksum FROM schema_migrations ORDER BY set_name, number',
  );
  const pending: string[] = [];
  const newer: string[] = [];
  const edited: string[] = [];
  for (const name of new Set(rows.map(({ set_name }) => set_name))) {
    const applied = rows.filter(({ set_name }) => set_name === name);
    const set = migrationSets.find((known) => known.name === name);
    const files = set ? await readMigrations(set) : [];
    for (const row of applied) {
      const file = files[row.number - 1];
      if (!file) newer.push(`${name}/${row.name}`);
      else if (file.checksum !== row.checksum) edited.push(`${name}/${row.name}`);
    }
    pending.push(...files.slice(applied.length).map((file) => `${name}/${file.name}`));
  }
  const findings: Finding[] = [];
  if (newer.length > 0)
    findings.push({
      code: 'schema_newer',
      severity: 'trouble',
      title: `The database of ${service} was made by a newer Labwright.`,
      evidence: [`unknown here: ${newer.join(', ')}`],
      remedy:
        'Start the newer version, or restore a backup that was made before it: labwright restore FILE --replace',
    });
  if (edited.length > 0)
    findings.push({
      code: 'schema_edited',
      severity: 'trouble',
      title: `Migrations were edited after ${service} had applied them.`,
      evidence: edited,
      remedy: 'git checkout the files as they were; changes belong into a new migration',
    });
  if (pending.length > 0)
    findings.push({
      code: 'schema_pending',
      severity: 'warning',
      title: `The database of ${service} is older than this program.`,
      evidence: [`not applied yet: ${pending.join(', ')}`],
      remedy: 'labwright backup, then start the new version: it migrates by itself',
    });
  return findings;
}

export async function hasTable(client: pg.Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    name,
  ]);
  return rows[0]?.there ?? false;
}
