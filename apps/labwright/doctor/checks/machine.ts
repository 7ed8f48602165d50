import { statfs } from 'node:fs/promises';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';

const wantedNode = 24;

/** Whether this is a Node that runs us, and whether the disk has room. */
export async function checkNode({ env }: Surroundings): Promise<Finding[]> {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= wantedNode) return [];
  return [
    {
      code: 'node_too_old',
      severity: 'trouble',
      title: `Labwright needs Node ${wantedNode}, and this is Node ${version}.`,
      evidence: [
        `${process.execPath}${env.npm_config_user_agent ? `, called by ${env.npm_config_user_agent}` : ''}`,
      ],
      remedy:
        'npm install, then npm start: that takes the Node which comes with the project. In containers take the image node:24.',
    },
  ];
}

const enoughBytes = 1024 ** 3;
const hardlyBytes = 100 * 1024 ** 2;

export async function checkDisk({ laboratory }: Surroundings): Promise<Finding[]> {
  const folders = new Set([laboratory.home, laboratory.filesFolder]);
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    const disk = await statfs(folder).catch(() => undefined);
    if (!disk) continue;
    const free = disk.bavail * disk.bsize;
    const total = disk.blocks * disk.bsize;
    const nodesLeft = disk.files > 0 ? disk.ffree / disk.files : 1;
    const full = free < hardlyBytes || nodesLeft < 0.001;
    const nearly = free < enoughBytes || free < total * 0.03 || nodesLeft < 0.03;
    const which = `${total} ${disk.files} ${free}`;
    if (!nearly || seen.has(which)) continue;
    seen.add(which);
    findings.push({
      code: full ? 'disk_full' : 'disk_nearly_full',
      severity: full ? 'trouble' : 'warning',
      title: full
        ? 'The disk is full: the database refuses what is to be written, and instruments wait.'
        : 'The disk is nearly full.',
      evidence: [
        `${folder}: ${megabytes(free)} MB of ${megabytes(total)} MB free${disk.files > 0 ? `, ${disk.ffree} of ${disk.files} names` : ''}`,
      ],
      remedy: `Make room, or move the folder to a larger disk and name it in LABWRIGHT_HOME. What is large: du -xh --max-depth=2 ${folder} | sort -h | tail`,
    });
  }
  return findings;
}

const megabytes = (bytes: number) => Math.floor(bytes / 1024 ** 2);

/** Seconds that two clocks may differ. */
const tolerated = 2;

/**
 * Clocks decide who has a lease and when a job is due. The database's counts; ours is compared with it, with itself, and with what was
 * written down before.
 */
export async function checkClock({ databases }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  const stepped = (Date.now() - (performance.timeOrigin + performance.now())) / 1_000;
  if (Math.abs(stepped) > tolerated)
    findings.push({
      code: 'clock_stepped',
      severity: 'warning',
      title: 'The clock of this machine was set while this command ran.',
      evidence: [`it moved by ${stepped.toFixed(1)} s against the time that really passed`],
      remedy: 'timedatectl set-ntp true; timedatectl status',
    });
  for (const [service, client] of databases) {
    const asked = Date.now();
    const { rows } = await client.query<{ now: string; newest: string | null }>(
      `SELECT extract(epoch FROM clock_timestamp())::text AS now,
              (SELECT extract(epoch FROM max(applied_at))::text FROM schema_migrations) AS newest`,
    );
    const answered = Date.now();
    const theirs = Number(rows[0]?.now) * 1_000;
    // It was read at some moment between the question and the answer.
    const off = (theirs < asked ? theirs - asked : theirs > answered ? theirs - answered : 0) / 1_000;
    if (Math.abs(off) > tolerated) {
      findings.push({
        code: 'clock_off',
        severity: Math.abs(off) > 60 ? 'trouble' : 'warning',
        title: 'The clock of this machine and that of the database do not agree.',
        evidence: [
          `${service}: the database says ${iso(theirs)}, this machine ${iso(answered)}: ${Math.abs(off).toFixed(1)} s ${off > 0 ? 'ahead' : 'behind'}`,
        ],
        remedy: 'Set both by the same time servers: timedatectl set-ntp true; timedatectl status',
      });
      break;
    }
    const newest = Number(rows[0]?.newest ?? 0) * 1_000;
    if (newest > theirs + 60_000) {
      findings.push({
        code: 'clock_went_back',
        severity: 'trouble',
        title: 'The clock of the database went back: it has rows from the future.',
        evidence: [`${service}: written at ${iso(newest)}, and now it is ${iso(theirs)}`],
        remedy: 'Set the clock of that machine right: timedatectl set-ntp true; timedatectl status',
      });
      break;
    }
  }
  return findings;
}

const iso = (ms: number) => new Date(ms).toISOString();
