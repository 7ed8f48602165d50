import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { readableKeys, secretKey } from '@labwright/accounts';
import { queryableOf } from '../../backup/connect.ts';
import { signInIsLost } from '../../settings.ts';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';
import { hasTable } from './databases.ts';

/** Whether the key is there by which the database keeps second factors and signing keys. */
export async function checkSecretKey({ laboratory, databases }: Surroundings): Promise<Finding[]> {
  const hub = databases.get('hub-service');
  if (!hub || !(await hasTable(hub, 'signing_keys'))) return [];
  const setting = laboratory.settings.LABWRIGHT_SECRET_KEY;
  const file = join(laboratory.home, 'secret-key');
  const tx = queryableOf(hub);
  // Looked at first: reading a key that is missing would make one.
  if (setting === undefined && !existsSync(file)) {
    const { total } = await readableKeys(tx, undefined);
    if (total === 0) return [];
    return [
      {
        code: 'secret_key_missing',
        severity: 'trouble',
        title: 'The secret key is missing: nobody can sign in with a second factor any more.',
        evidence: [
          `${file} is not there, LABWRIGHT_SECRET_KEY is not set, and the database has ${total} secrets sealed with it`,
        ],
        remedy: `Put the file back from a backup, before the next start makes a new one: ${file}`,
      },
    ];
  }
  const key = await secretKey({ setting, home: laboratory.home }).catch((error: Error) => error);
  if (key instanceof Error)
    return [
      {
        code: 'secret_key_unreadable',
        severity: 'trouble',
        title: 'The secret key cannot be read.',
        evidence: [key.message],
        remedy: `Put the file back from a backup: ${file}`,
      },
    ];
  const { total, readable } = await readableKeys(tx, key);
  if (readable === total) return [];
  return [
    {
      code: 'secret_key_changed',
      severity: 'trouble',
      title:
        'The secret key is another one than that of the database: second factors and old signing keys cannot be read.',
      evidence: [`${total - readable} of ${total} secrets were sealed with another key`],
      remedy: `Put back the key that the laboratory had: ${setting === undefined ? file : 'LABWRIGHT_SECRET_KEY'}`,
    },
  ];
}

const soonDays = 14;
const patienceMs = 5_000;

/** The address under which people reach the hub. */
export async function checkPublicUrl({ laboratory }: Surroundings): Promise<Finding[]> {
  const given = laboratory.settings.HUB_PUBLIC_URL;
  if (signInIsLost(laboratory.settings))
    return [
      {
        code: 'sign_in_needs_https',
        severity: 'warning',
        title: 'People of other computers cannot sign in: browsers keep no sign-in over http.',
        evidence: [
          `HOST=${laboratory.settings.HOST} with accounts, and HUB_PUBLIC_URL is ${given ? given : 'not set'}`,
        ],
        remedy:
          'Put TLS before the laboratory, and set HUB_PUBLIC_URL to its https address: docs/how-to/accounts.md',
      },
    ];
  if (!given) return [];
  const url = new URL(given);
  if (url.protocol !== 'https:') return [];
  const seen = await certificateOf(url);
  const remedy = 'Renew it where TLS ends (certbot renew, or what your proxy has), and load it again';
  if (seen instanceof Error)
    return [
      {
        code: 'public_url_unreachable',
        severity: 'warning',
        title: 'The laboratory cannot be reached under its public address from here.',
        evidence: [`${given}: ${seen.message}`],
        remedy: 'Start the proxy that ends TLS, or put the right address into HUB_PUBLIC_URL',
      },
    ];
  const { validTo, refused } = seen;
  const days = Math.floor((validTo - Date.now()) / 86_400_000);
  if (validTo <= Date.now())
    return [
      {
        code: 'certificate_expired',
        severity: 'trouble',
        title: 'The certificate of the public address has expired: browsers refuse it.',
        evidence: [`${given}: valid until ${new Date(validTo).toISOString()}`],
        remedy,
      },
    ];
  if (days < soonDays)
    return [
      {
        code: 'certificate_expires',
        severity: 'warning',
        title: `The certificate of the public address expires in ${days} days.`,
        evidence: [`${given}: valid until ${new Date(validTo).toISOString()}`],
        remedy,
      },
    ];
  if (refused)
    return [
      {
        code: 'certificate_refused',
        severity: 'warning',
        title: 'The certificate of the public address is not one that this machine trusts.',
        evidence: [`${given}: ${refused}`],
        remedy:
          'Let your browsers and machines trust who signed it, or have it signed by somebody they trust',
      },
    ];
  return [];
}

function certificateOf(url: URL): Promise<{ validTo: number; refused: string | undefined } | Error> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const named = /[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {};
    // Looked at, and nothing is sent: one that nobody should trust has to be seen as well.
    const socket = connectTls({ host, port: Number(url.port) || 443, rejectUnauthorized: false, ...named });
    const end = (answer: { validTo: number; refused: string | undefined } | Error) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => end(new Error(`no answer within ${patienceMs / 1_000} s`)));
    socket.once('error', end);
    socket.once('secureConnect', () => {
      const { valid_to } = socket.getPeerCertificate();
      const refused = socket.authorized ? undefined : String(socket.authorizationError);
      end({ validTo: Date.parse(valid_to), refused });
    });
  });
}
