import { compared, type Finding, figure } from '../findings.ts';
import { type HttpClient, httpClient, member } from '../laboratory/http.ts';
import { interleave, perSecond } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const requestsARound = 4_000;
const atOnce = 32;

/** Redirects a second: one hot code, many codes in turn, and codes that nobody has. */
export const links: Scenario = {
  name: 'links',
  method:
    `\`GET /s/{code}\` of hub-service with ${atOnce} connections: one code, 1,000 codes in turn. Floor: a route of bare Fastify that redirects without looking anything up, logging or counting. ` +
    'Codes that nobody has are each asked for once, so that each is looked up in the database.',
  limitSeconds: 240,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const url = await laboratory.emptyDatabase(scope, 'bench_links');
    const hub = await laboratory.service(scope, { program: 'hub-service', databaseUrl: url });
    const floor = await laboratory.service(scope, { program: 'floor', databaseUrl: url });
    const open = (origin: string): HttpClient => {
      const http = httpClient(origin, signal, atOnce);
      scope.defer(() => http.close());
      return http;
    };
    const ours = open(hub.origin);
    const bare = open(floor.origin);
    say('making links');
    const codes: string[] = [];
    const made = await perSecond(
      Array.from({ length: Math.max(50, 1_000 * settings.share) }, (_, index) => index),
      atOnce,
      async (index) => {
        codes.push(
          String(member(await ours.expect('POST', '/links', { target: `/pages/sample/S-${index}` }), 'code')),
        );
      },
    );
    const follow = (http: HttpClient) => async (code: string) => {
      const { status } = await http.peek(`/s/${code}`);
      if (status !== 302) throw new Error(`/s/${code} was answered ${status}`);
    };
    const miss = async (code: string) => {
      const { status } = await ours.peek(`/s/${code}`);
      if (status !== 404) throw new Error(`/s/${code} was answered ${status}`);
    };
    const count = Math.max(200, requestsARound * settings.share);
    const hot = Array.from({ length: count }, () => codes[0] ?? '');
    const many = Array.from({ length: count }, (_, index) => codes[index % codes.length] ?? '');
    let guesses = 0;
    const rates = await interleave(
      {
        hot: () => perSecond(hot, atOnce, follow(ours)),
        many: () => perSecond(many, atOnce, follow(ours)),
        bare: () => perSecond(hot, atOnce, follow(bare)),
        missing: () =>
          perSecond(
            Array.from({ length: count }, () => `z${String(guesses++).padStart(6, '0')}`),
            atOnce,
            miss,
          ),
      },
      { rounds: settings.rounds, signal },
    );
    const beside = (what: string, side: 'hot' | 'many' | 'missing') =>
      compared(
        { scenario: 'links', what: `${what} a second`, unit: '/s', beside: 'bare Fastify route' },
        compare(rates[side], rates.bare),
      );
    return [
      beside('redirects of one code', 'hot'),
      beside('redirects of 1,000 codes', 'many'),
      beside('codes that nobody has', 'missing'),
      figure({ scenario: 'links', what: 'links made a second', unit: '/s', ours: made }),
    ];
  },
};
