import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { compared, type Finding, figure } from '../findings.ts';
import { root } from '../laboratory/production.ts';
import { interleave } from '../rounds.ts';
import { seedDevices } from '../seed/devices.ts';
import { compare, median } from '../stats.ts';
import { openBrowser } from '../web/browser.ts';
import { watchInteractions, workWith } from '../web/interactions.ts';
import { keepUpdating } from '../web/updates.ts';
import type { Bench, Scenario } from './scenario.ts';

const deviceCount = 200;
const perSecond = 10;
const allowedMs = 100;

/** How long a click or a key takes to show while the whole laboratory changes. */
export const web: Scenario = {
  name: 'web',
  method:
    `The page of a laboratory with ${deviceCount} devices, each changed ${perSecond} times a second in the database of device-service with the event of it; hub-service follows the feed and tells each of ` +
    'them over the WebSocket. Meanwhile a script types into the filter, filters, opens the menu of a device, goes through it by keyboard, and goes to other pages and back. Each click and key is measured by the Event ' +
    'Timing API of Chromium, from the input to the next picture, in steps of 8 ms; what is below 16 ms counts as 16. Beside it: the same while nothing changes. Browser, services and PostgreSQL share ' +
    'the processors.',
  limitSeconds: 900,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { scope, settings, signal, say, note } = bench;
    const browser = await openBrowser(scope);
    if (!browser) {
      note('It was left out: there is no Chromium.');
      return [];
    }
    say('building the pages');
    await promisify(execFile)(process.execPath, ['apps/web/build/main.ts', '--if-stale'], {
      cwd: root,
      signal,
    });
    const { url, database } = await openServices(bench);
    const client = await bench.laboratory.client(scope, database);
    const page = await browser.newPage({ viewport: { width: 1360, height: 860 } });
    page.setDefaultTimeout(90_000);
    const told = await countEvents(page);
    await watchInteractions(page);
    await page.goto(`${url}/ui/`);
    await page.getByLabel('Connection: Live').waitFor();
    await page.getByRole('button', { name: `All ${deviceCount}` }).waitFor();

    const rates: number[] = [];
    const figures = await interleave(
      {
        quiet: async () => toFigures(await workWith(page)),
        updating: async () => {
          const stop = new AbortController();
          const before = told();
          const begun = performance.now();
          const updating = keepUpdating(client, { perSecond, signal: stop.signal });
          // Looked at below; it may fail before.
          updating.catch(() => {});
          const found = toFigures(
            await workWith(page).finally(() => {
              rates.push(((told() - before) / (performance.now() - begun)) * 1_000);
              stop.abort();
            }),
          );
          await updating;
          // What is still on its way belongs to nobody's quiet.
          await page.waitForTimeout(2_000);
          return found;
        },
      },
      { rounds: settings.rounds, signal },
    );
    const of = (side: 'quiet' | 'updating', which: keyof Figures) => figures[side].map((one) => one[which]);
    const line = (which: keyof Figures, name: string) =>
      compared(
        {
          scenario: 'web',
          what: `a click or a key, to the next picture, ${name}`,
          unit: 'ms',
          beside: 'while nothing changes',
        },
        compare(of('updating', which), of('quiet', which)),
      );
    const p95 = line('p95', '95th percentile');
    return [
      line('p50', 'median'),
      { ...p95, target: { text: `≤ ${allowedMs} ms`, holds: p95.ours <= allowedMs } },
      line('p99', '99th percentile'),
      figure({ scenario: 'web', what: 'events that reached the page', unit: '/s', ours: median(rates) }),
    ];
  },
};

interface Figures {
  p50: number;
  p95: number;
  p99: number;
}

function toFigures(ms: readonly number[]): Figures {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Live events that have come over the WebSocket of the page so far. */
async function countEvents(page: Page): Promise<() => number> {
  let count = 0;
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (String(payload).startsWith('42["live"')) count += 1;
    }),
  );
  return () => count;
}

/** The three services, as processes, and the address of the hub. */
async function openServices({ laboratory, scope }: Bench): Promise<{ url: string; database: string }> {
  const database = await laboratory.database(scope, 'bench_web_devices', 'device', (client) =>
    seedDevices(client, deviceCount),
  );
  // What a request costs is measured elsewhere, and how many one person may ask is not the question.
  const limits = { LIMITS_READ: '100000/s burst 100000' };
  const devices = await laboratory.service(scope, {
    program: 'device-service',
    databaseUrl: database,
    env: limits,
  });
  const workflows = await laboratory.service(scope, {
    program: 'workflow-service',
    databaseUrl: await laboratory.emptyDatabase(scope, 'bench_web_workflows'),
    env: { ...limits, DEVICE_SERVICE_URL: devices.origin },
  });
  const hub = await laboratory.service(scope, {
    program: 'hub-service',
    databaseUrl: await laboratory.emptyDatabase(scope, 'bench_web_hub'),
    env: { ...limits, DEVICE_SERVICE_URL: devices.origin, WORKFLOW_SERVICE_URL: workflows.origin },
  });
  return { url: hub.origin.replace('127.0.0.1', 'localhost'), database };
}
