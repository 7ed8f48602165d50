import { compared, type Finding, figure } from '../findings.ts';
import { type HttpClient, httpClient, member } from '../laboratory/http.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { samplesEach, seedWorkflows, stepsEach } from '../seed/workflows.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const few = 100;
const many = 10_000;
const pageRows = 50;

/** A page of workflows with their steps and samples costs the same however many there are. */
export const workflows: Scenario = {
  name: 'workflows',
  method:
    `The first page of \`GET /workflows\` (${pageRows} workflows, each with ${stepsEach} steps and ${samplesEach} samples), ` +
    `one request after the other, in a database with ${many.toLocaleString('en')} workflows and in one with ${few}. ` +
    'Queries are the statements that the service logs at level `debug` under the id of that request.',
  limitSeconds: 180,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal } = bench;
    const instruments = await laboratory.database(scope, 'bench_workflows_devices', 'device', async () => {});
    const devices = await laboratory.service(scope, {
      program: 'device-service',
      databaseUrl: instruments,
    });
    const open = async (count: number) => {
      const databaseUrl = await laboratory.database(scope, `bench_workflows_${count}`, 'workflow', (client) =>
        seedWorkflows(client, count),
      );
      return { databaseUrl, deviceServiceUrl: devices.origin };
    };
    const fewPlace = await open(few);
    const manyPlace = await open(many);
    const ofFew = await client(bench, fewPlace);
    const ofMany = await client(bench, manyPlace);
    const figures = await interleaveCalls(
      { few: () => timed(() => list(ofFew)), many: () => timed(() => list(ofMany)) },
      { rounds: settings.rounds, callsARound: 40, signal },
    );
    const fewQueries = await queries(bench, fewPlace);
    const manyQueries = await queries(bench, manyPlace);
    return [
      compared(
        {
          scenario: 'workflows',
          what: `a page of ${pageRows} workflows among ${many.toLocaleString('en')}`,
          unit: 'ms',
          beside: `among ${few}`,
        },
        compare(figures.many, figures.few),
        { atMost: 1.5 },
      ),
      {
        ...figure(
          {
            scenario: 'workflows',
            what: `queries for that page among ${many.toLocaleString('en')}`,
            unit: 'queries',
            ours: manyQueries,
          },
          { text: 'the same', holds: manyQueries === fewQueries && manyQueries > 0 },
        ),
        beside: { what: `among ${few}`, value: fewQueries },
      },
    ];
  },
};

interface Place {
  databaseUrl: string;
  deviceServiceUrl: string;
}

async function start(bench: Bench, place: Place, env: Record<string, string> = {}) {
  const service = await bench.laboratory.service(bench.scope, {
    program: 'workflow-service',
    databaseUrl: place.databaseUrl,
    env: { DEVICE_SERVICE_URL: place.deviceServiceUrl, ...env },
  });
  const http = httpClient(service.origin, bench.signal);
  bench.scope.defer(() => http.close());
  return { service, http };
}

const client = async (bench: Bench, place: Place) => (await start(bench, place)).http;

/** Answers the id of the request. Throws unless the page is full, with all steps and samples. */
async function list(http: HttpClient): Promise<string> {
  const answer = await http.expect('GET', '/workflows');
  const page = member(answer, 'workflows');
  const whole =
    Array.isArray(page) &&
    page.length === pageRows &&
    page.every(({ steps, samples }) => steps.length === stepsEach && samples.length === samplesEach);
  if (!whole) throw new Error('GET /workflows did not answer a full page with its steps and samples');
  return String(answer.headers['x-request-id']);
}

/** The statements of one list, as the service itself logs them. */
async function queries(bench: Bench, place: Place): Promise<number> {
  const { service, http } = await start(bench, place, { LOG_LEVEL: 'debug' });
  const requestId = await list(http);
  return statements(await service.log(), requestId);
}

function statements(log: string, requestId: string): number {
  return log
    .split('\n')
    .filter((line) => line.includes(`"request_id":"${requestId}"`) && line.includes('"msg":"sql"')).length;
}
