import { LabwrightError } from '../errors.ts';
import { type Line, pause, send } from '../http/send.ts';

const pieceBytes = 8 * 1024 * 1024;
const triesWithoutProgress = 8;

/**
 * Sends a large file by tus 1.0: asks how much is there, sends the next piece, and after a lost connection asks again. What has
 * arrived is never sent twice.
 */
export async function sendPieces(given: {
  line: Line;
  url: string;
  data: Blob;
  signal?: AbortSignal | undefined;
  onProgress?: ((sentBytes: number, ofBytes: number) => void) | undefined;
}): Promise<void> {
  const { line, url, data, signal, onProgress } = given;
  const patience = { signal, timeoutMs: 300_000, tryTimeoutMs: 120_000, retries: 5 };
  const ask = (
    method: string,
    more: { headers?: Record<string, string>; body?: Blob; repeatable: boolean },
  ) =>
    send(
      { fetch: line.fetch },
      { method, url, ...more, headers: { 'tus-resumable': '1.0.0', ...more.headers } },
      patience,
    );
  const offsetIn = (response: Response) => Number(response.headers.get('upload-offset'));

  let offset = offsetIn(await ask('HEAD', { repeatable: true }));
  for (let tries = 0; offset < data.size; ) {
    try {
      const response = await ask('PATCH', {
        headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
        body: data.slice(offset, offset + pieceBytes),
        repeatable: false,
      });
      offset = offsetIn(response);
      tries = 0;
    } catch (error) {
      tries += 1;
      // 409 and 423: an earlier piece came further than we heard, or is still being written.
      const passes =
        error instanceof LabwrightError &&
        (error.code === 'no_answer' || [409, 423, 502, 504].includes(error.status));
      if (!passes || tries >= triesWithoutProgress) throw error;
      await pause(250 * tries, signal);
      const before = offset;
      offset = offsetIn(await ask('HEAD', { repeatable: true }));
      if (offset > before) tries = 0;
    }
    onProgress?.(offset, data.size);
  }
}
