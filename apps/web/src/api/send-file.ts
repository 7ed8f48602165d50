import { ask } from './ask.ts';
import { sha256 } from './checksum.ts';
import { patience } from './hub-fetch.ts';
import { ApiProblem, isProblem, notAnswered, problemOf, unreachable } from './problem.ts';
import { hub } from './services.ts';

/** Bytes; what one form takes. Larger files go in pieces (tus). */
const formBytes = 10 * 1024 * 1024;
const pieceBytes = 8 * 1024 * 1024;
/** The checksum is made of the whole file in memory. */
const mostBytes = 1024 * 1024 * 1024;
const tries = 5;

export interface SendOptions {
  /** Whose results it holds, where that is known. */
  of: { plate_id?: string; workflow_id?: string };
  onProgress?: (sentBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Sends a file as the laboratory allows it: a signed policy for just these bytes, then the bytes, then that they are there. They are checked
 * and read in the background. Where an answer is lost it is asked whether they are there: sent again as another file, its results would count twice.
 * Throws `ApiProblem`.
 */
export async function sendFile(
  file: File,
  { of, onProgress = () => {}, signal = new AbortController().signal }: SendOptions,
) {
  if (file.size > mostBytes)
    throw new ApiProblem(413, {
      code: 'file_too_large',
      title: 'The file is too large for a browser',
      error: `${file.name} has more than 1 GiB. Send it by the API: POST /uploads with "resumable": true.`,
    });
  const { file: made, upload } = await ask(
    hub.POST('/uploads', {
      body: {
        name: file.name,
        content_type: /^[a-z]+\/[a-z0-9.+-]+$/.test(file.type) ? file.type : typeByName(file.name),
        size: file.size,
        sha256: await sha256(file),
        ...(file.size > formBytes ? { resumable: true } : {}),
        ...of,
      },
      signal,
    }),
  );
  const sending =
    upload.method === 'form'
      ? sendForm(upload.url, upload.fields, file, onProgress, signal)
      : sendPieces(upload.url, file, onProgress, signal);
  const lost = await sending.then(
    () => undefined,
    (error: unknown) => {
      if (!isLost(error)) throw error;
      return error;
    },
  );
  return complete(made.id, signal).catch((error: unknown) => {
    throw lost && isProblem(error, 'upload_incomplete') ? lost : error;
  });
}

/** Nobody knows whether it was done. */
const isLost = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && (error.status === 0 || error.status >= 500);

async function complete(id: string, signal: AbortSignal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await ask(hub.POST('/uploads/{id}/complete', { params: { path: { id } }, signal }));
    } catch (error) {
      if (!isLost(error) || failures + 1 >= tries) throw error;
      await pause(failures);
    }
  }
}

const pause = (failures: number) => new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));

/** Systems do not know the types of all that instruments write. */
const typeByName = (name: string) =>
  /\.csv$/i.test(name)
    ? 'text/csv'
    : /\.(txt|tsv|asc)$/i.test(name)
      ? 'text/plain'
      : 'application/octet-stream';

/** Only this way of asking tells how far the bytes have come. What does not move for as long as a change may take is given up. */
function exchange(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: XMLHttpRequestBodyInit | null,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<XMLHttpRequest> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  let silent = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moves = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silent = true;
      request.abort();
    }, patience.change);
  };
  const answer = new Promise<XMLHttpRequest>((resolve, reject) => {
    request.addEventListener('load', () => resolve(request));
    request.addEventListener('error', () => reject(unreachable()));
    request.addEventListener('abort', () =>
      reject(
        silent ? notAnswered(patience.change / 1_000, true) : new DOMException('Given up', 'AbortError'),
      ),
    );
  });
  request.addEventListener('loadend', () => clearTimeout(timer));
  request.upload.addEventListener('progress', ({ loaded }) => {
    moves();
    onProgress(loaded);
  });
  moves();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  signal.addEventListener('abort', () => request.abort(), { once: true });
  request.send(body);
  return answer;
}

async function checkAnswer(request: XMLHttpRequest): Promise<void> {
  if (request.status >= 200 && request.status < 300) return;
  throw await problemOf(new Response(request.responseText, { status: request.status }));
}

async function sendForm(
  url: string,
  fields: Readonly<Record<string, string>>,
  file: File,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file);
  await checkAnswer(
    await exchange('POST', url, {}, form, (sent) => onProgress(Math.min(file.size, sent)), signal),
  );
}

const isElsewhere = (error: unknown) => error instanceof ApiProblem && error.status === 409;

/** tus 1.0: after a cut it is asked how far the bytes came, and gone on from there. */
async function sendPieces(
  url: string,
  file: File,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const tus = { 'tus-resumable': '1.0.0' };
  let failures = 0;
  let offset: number | undefined;
  for (;;) {
    try {
      if (offset === undefined) {
        const request = await exchange('HEAD', url, tus, null, () => {}, signal);
        // Nothing more is expected: the answer to the last piece was lost, or its time is over.
        if (request.status === 409) return;
        await checkAnswer(request);
        offset = Number(request.getResponseHeader('upload-offset'));
      }
      if (offset >= file.size) return;
      const from = offset;
      const request = await exchange(
        'PATCH',
        url,
        { ...tus, 'upload-offset': String(from), 'content-type': 'application/offset+octet-stream' },
        file.slice(from, from + pieceBytes),
        (sent) => onProgress(from + sent),
        signal,
      );
      await checkAnswer(request);
      offset = Number(request.getResponseHeader('upload-offset') ?? from + pieceBytes);
      failures = 0;
      onProgress(offset);
    } catch (error) {
      failures += 1;
      // 409: it does not stand where we thought, since a piece whose answer was lost has come after all.
      const passes = isLost(error) || isElsewhere(error);
      if (!passes || failures >= tries) throw error;
      offset = undefined;
      await pause(failures);
    }
  }
}
