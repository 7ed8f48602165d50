import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compared, type Finding, figure } from '../findings.ts';
import { type HttpClient, httpClient, member } from '../laboratory/http.ts';
import { interleave, interleaveCalls, perSecond, timed } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const people = 50;
const signInsARound = 100;
const requestsARound = 3_000;
const unpaced = 'without the pace';
const bareHashing = 'while a bare program hashes';
const password = 'a sentence that is long enough';
const secretKey = Buffer.alloc(32, 7).toString('base64');
const setupToken = 'setup-token-of-the-benchmark';

/** Sign-ins a second, what 50 at once do to everybody else, and what it costs to know who asks. */
export const accounts: Scenario = {
  name: 'accounts',
  method:
    `${people} people sign in at once, again and again (argon2id, 19 MiB, 2 passes). Meanwhile \`GET /me\` is asked by one connection, one request after the other: the 99th percentile of ` +
    `${requestsARound.toLocaleString('en')} requests, beside the same while nobody signs in, and while nobody does but a bare program hashes passwords at the lowest priority, one after the other: ` +
    'what the processors themselves lose by hashing. The service lets 2 in at once and then 5 a second; beside it stands one without that pace (`SIGN_INS_PER_SECOND=10000`), and ' +
    `its sign-ins are the ones that are counted. The load, the services and PostgreSQL share the processors. Token check: \`GET /setup\`, ` +
    'which anybody may ask, with an access token and without one.',
  limitSeconds: 300,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const url = await laboratory.emptyDatabase(scope, 'bench_accounts');
    const start = (more: Record<string, string> = {}) =>
      laboratory.service(scope, {
        program: 'hub-service',
        databaseUrl: url,
        env: {
          LABWRIGHT_ACCOUNTS: '1',
          LABWRIGHT_SETUP_TOKEN: setupToken,
          LABWRIGHT_SECRET_KEY: secretKey,
          // What a request costs is measured, not how many of them one person may ask.
          LIMITS_READ: '100000/s burst 100000',
          ...more,
        },
      });
    const hub = await start();
    const open = (connections: number, token?: string, at = hub): HttpClient => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const http = httpClient(at.origin, signal, connections, headers);
      scope.defer(() => http.close());
      return http;
    };
    const nobody = open(people);
    say(`making ${people} accounts`);
    const root = { name: 'Root', email: 'root@example.org', password, token: setupToken, deliver: 'body' };
    const token = String(member(await nobody.expect('POST', '/setup', root), 'access_token'));
    const admin = open(1, token);
    const emails = Array.from({ length: people }, (_, index) => `person-${index}@example.org`);
    for (const email of emails) {
      const made = await admin.expect('POST', '/users', { name: 'Person', email, role: 'viewer' });
      const { token: invitation } = member(made, 'invitation') as { token: string };
      await nobody.expect('POST', '/invitations/accept', { token: invitation, password });
    }
    const signInAt = (door: HttpClient) => (email: string) =>
      door.expect('POST', '/session', { email, password, deliver: 'body' });

    const known = open(1, token);
    const count = Math.max(100, requestsARound * settings.share);
    const p99 = async (http = known) => {
      const times: number[] = [];
      for (let request = 0; request < count; request += 1)
        times.push(await timed(() => http.expect('GET', '/me')));
      return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;
    };
    const besideCrowd = async (http: HttpClient, signIn: (email: string) => Promise<unknown>) => {
      let going = true;
      let signedIn = 0;
      const lanes = Promise.all(
        emails.map(async (email) => {
          while (going) {
            await signIn(email);
            signedIn += 1;
          }
        }),
      );
      // Looked at below; it may fail before.
      lanes.catch(() => {});
      const value = await p99(http).finally(() => {
        going = false;
      });
      await lanes;
      if (signedIn === 0) throw new Error('Nobody signed in meanwhile');
      return value;
    };
    // A hub that lets everybody in as fast as it can.
    const swift = await start({ SIGN_INS_PER_SECOND: '10000' });
    const swiftly = signInAt(open(people, undefined, swift));
    const knownThere = open(1, token, swift);
    const rates: number[] = [];
    const processor: number[] = [];
    const figures = await interleave(
      {
        alone: () => p99(),
        hashing: async () => {
          const program = fork(fileURLToPath(new URL('../accounts/hashing.ts', import.meta.url)));
          scope.defer(() => void program.kill('SIGKILL'));
          await once(program, 'message', { signal });
          const value = await p99();
          program.kill('SIGKILL');
          await once(program, 'exit');
          return value;
        },
        beside: () => besideCrowd(known, signInAt(nobody)),
        besideSwift: () => besideCrowd(knownThere, swiftly),
      },
      { rounds: settings.rounds, signal },
    );
    say('signing in');
    for (let round = 0; round < settings.rounds; round += 1) {
      const all = Array.from({ length: signInsARound }, (_, index) => emails[index % people] ?? '');
      const before = await swift.cpuTime();
      rates.push(await perSecond(all, people, swiftly));
      const after = await swift.cpuTime();
      processor.push(((after ?? Number.NaN) - (before ?? Number.NaN)) / signInsARound);
    }
    const checks = await interleaveCalls(
      {
        checked: () => timed(() => known.expect('GET', '/setup')),
        unchecked: () => timed(() => nobody.expect('GET', '/setup')),
      },
      { rounds: settings.rounds, callsARound: 300, warmUpCalls: 1_000, signal },
    );
    const line = { scenario: 'accounts', unit: 'ms' as const };
    return [
      figure({
        scenario: 'accounts',
        what: `sign-ins, ${people} at once, ${unpaced}`,
        unit: '/s',
        ours: median(rates),
      }),
      compared(
        { ...line, what: `99 % of another route while ${people} sign in`, beside: 'while nobody does' },
        compare(figures.beside, figures.alone),
        { atMost: 1.2 },
      ),
      compared(
        { ...line, what: `99 % of another route while ${people} sign in`, beside: bareHashing },
        compare(figures.beside, figures.hashing),
      ),
      compared(
        {
          ...line,
          what: `99 % of another route while ${people} sign in, ${unpaced}`,
          beside: 'while nobody does',
        },
        compare(figures.besideSwift, figures.alone),
      ),
      compared(
        { ...line, what: `99 % of another route ${bareHashing}`, beside: 'while nobody does' },
        compare(figures.hashing, figures.alone),
      ),
      figure({
        ...line,
        what: 'processor time of the service, a sign-in, without its hash',
        ours: median(processor),
      }),
      compared(
        { ...line, what: 'a request with an access token', beside: 'without one' },
        compare(checks.checked, checks.unchecked),
      ),
    ];
  },
};
