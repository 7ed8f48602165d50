import { LabwrightError } from '../errors.ts';
import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pause, send } from '../http/send.ts';
import { pages } from '../pages.ts';
import type { Result, StoredFile } from '../types.ts';
import { sendPieces } from './pieces.ts';

const service = 'hub-service';
type Told = Omit<BodyOf<typeof service, 'POST', '/uploads'>, 'size' | 'sha256' | 'resumable'>;

export interface UploadOptions extends CallOptions {
  /** Milliseconds to wait until the file is checked; 120,000. 0: the file is answered as it is then. */
  checkedWithinMs?: number;
  /** Called while a large file goes out. */
  onProgress?: (sentBytes: number, ofBytes: number) => void;
}

/** Above it a file goes in pieces, and goes on from where it was when a connection breaks. */
const largestForm = 10 * 1024 * 1024;

/** Files of workflows, plates and devices, and the results that were read in them. */
export function filesOf(caller: Caller) {
  const { call, urls, line } = caller;
  const get = (id: string, options: CallOptions = {}): Promise<StoredFile> =>
    call(service, 'GET', '/files/{id}', { path: { id }, ...options });

  /** Where it begins with a slash, the address is one of the hub. */
  const whole = (url: string) => (url.startsWith('/') ? urls[service] + url : url);

  const untilChecked = async (id: string, withinMs: number, { signal }: CallOptions): Promise<StoredFile> => {
    const until = Date.now() + withinMs;
    for (let waitMs = 100; ; waitMs = Math.min(2_000, waitMs * 1.5)) {
      const file = await get(id, { signal });
      if (file.status === 'rejected' || file.status === 'expired')
        throw new LabwrightError({
          code: 'file_rejected',
          detail: `${file.name} was not taken: ${file.status_reason ?? file.status}`,
          body: file,
        });
      if (file.status !== 'expected' && file.status !== 'received') return file;
      if (Date.now() >= until)
        throw new LabwrightError({
          code: 'file_not_checked',
          detail: `${file.name} is there, and was not checked within ${withinMs / 1_000} s. files.get tells when it is.`,
          body: file,
        });
      await pause(waitMs, signal);
    }
  };

  return {
    /**
     * Sends a file by the policy that hub-service signs for it, straight to where files are kept, and waits until it is checked.
     * `file_rejected` where it is not what it was announced as; the error's `body` is the file.
     */
    upload: async (
      told: Told & {
        data: Blob | Uint8Array<ArrayBuffer> | string;
        /** Of the data, hexadecimal, where it is known: else all of it is read into memory once. */
        sha256?: string;
      },
      { checkedWithinMs = 120_000, onProgress, ...options }: UploadOptions = {},
    ): Promise<StoredFile> => {
      const { data: given, sha256: known, ...about } = told;
      const data = given instanceof Blob ? given : new Blob([given]);
      const resumable = data.size > largestForm;
      const { file, upload } = await call(service, 'POST', '/uploads', {
        body: { ...about, size: data.size, sha256: known ?? (await sha256(data)), resumable },
        ...options,
      });
      const url = whole(upload.url);
      if (upload.method === 'tus') await sendPieces({ line, url, data, onProgress, ...options });
      else {
        const form = new FormData();
        for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
        form.append('file', data, about.name);
        await sendForm(url, form, options).catch((error: unknown) => {
          // It came through, and the answer was lost.
          if (!(error instanceof LabwrightError && error.code === 'upload_used')) throw error;
        });
        onProgress?.(data.size, data.size);
      }
      const taken = await call(service, 'POST', '/uploads/{id}/complete', { path: { id: file.id } });
      return checkedWithinMs > 0 ? untilChecked(taken.id, checkedWithinMs, options) : taken;
    },

    get,

    list: (filter: QueryOf<typeof service, '/files'> = {}, options: CallOptions = {}) =>
      pages<StoredFile>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/files', { query, ...options, signal });
        return { rows: page.files, next_cursor: page.next_cursor };
      }, options),

    /** An address for its bytes that needs no sign-in and is over soon. */
    link: async (id: string, options: CallOptions = {}): Promise<string> =>
      whole((await call(service, 'POST', '/files/{id}/links', { path: { id }, ...options })).url),

    /** Its bytes. */
    download: async (id: string, options: CallOptions = {}): Promise<Response> => {
      const { url } = await call(service, 'POST', '/files/{id}/links', { path: { id }, ...options });
      const wire = { method: 'GET', url: whole(url), headers: {}, repeatable: true, stream: true };
      return send({ fetch: line.fetch }, wire, {
        timeoutMs: longest,
        tryTimeoutMs: longest,
        retries: 5,
        ...options,
      } as Parameters<typeof send>[2]);
    },

    remove: (id: string, options: CallOptions = {}): Promise<StoredFile> =>
      call(service, 'DELETE', '/files/{id}', { path: { id }, ...options }),

    /** What was measured, as files have it. */
    results: (filter: QueryOf<typeof service, '/results'> = {}, options: CallOptions = {}) =>
      pages<Result>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/results', { query, ...options, signal });
        return { rows: page.results, next_cursor: page.next_cursor };
      }, options),

    /** How much you keep, and how much you may. */
    usage: (options: CallOptions = {}) => call(service, 'GET', '/files/usage', options),
  };

  /** By its policy alone: it may be a bucket elsewhere, which must not see who we are. The same bytes again are the same file. */
  async function sendForm(url: string, form: FormData, { signal, timeoutMs = 600_000 }: CallOptions) {
    const wire = { method: 'POST', url, headers: {}, body: form, repeatable: true };
    await send({ fetch: line.fetch }, wire, { signal, timeoutMs, tryTimeoutMs: timeoutMs, retries: 5 });
  }
}

const longest = 24 * 3_600_000;

async function sha256(data: Blob): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await data.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
