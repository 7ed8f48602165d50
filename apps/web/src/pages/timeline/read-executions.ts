import { hubFetch } from '../../api/hub-fetch.ts';
import { problemOf } from '../../api/problem.ts';
import type { Bar } from './bars.ts';

/** So many bars are drawn; of more in one stretch of time the newest are shown. */
export const mostBars = 10_000;

interface Line {
  readonly id: string;
  readonly device_id: string;
  readonly workflow_id: string | null;
  readonly operation: string;
  readonly status: 'running' | 'succeeded' | 'failed' | 'unknown';
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly started_at: string;
  readonly finished_at: string | null;
}

/** What the devices did between two times, newest first: read from the stream as it comes. */
export async function readExecutions(from: number, to: number, signal: AbortSignal): Promise<Bar[]> {
  const query = new URLSearchParams({
    start: new Date(from).toISOString(),
    end: new Date(to).toISOString(),
    limit: String(mostBars),
  });
  const request = new Request(`/api/device-service/execution-logs/search?${query}`, {
    headers: { accept: 'application/x-ndjson' },
    signal,
  });
  const response = await hubFetch(request);
  if (!response.ok || !response.body) throw await problemOf(response);
  const bars: Bar[] = [];
  let rest = '';
  const text = response.body.pipeThrough(new TextDecoderStream());
  for (const reader = text.getReader(); ; ) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line !== '') bars.push(barOf(JSON.parse(line)));
    if (done) return bars;
  }
}

function barOf(line: Line): Bar {
  const from = Date.parse(line.started_at);
  return {
    id: `execution ${line.id}`,
    device: line.device_id,
    from,
    // What runs is drawn up to now by whoever knows what is expected of it.
    to: line.finished_at === null ? from : Date.parse(line.finished_at),
    kind: line.status,
    title: line.operation.replaceAll('_', ' '),
    workflow: line.workflow_id,
    why: line.error ? [line.error.message] : [],
  };
}
