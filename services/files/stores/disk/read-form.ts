import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { fileErrors } from '@labwright/contract-hub/files-errors';

/** Fields that a policy has, with room; and bytes of one field. */
const limits = { fields: 40, files: 1, parts: 60, fieldSize: 16_384, headerPairs: 20, headerSize: 8_192 };

/**
 * Reads a form whose fields come first and whose file comes last, in `file`: `take` is called as soon as the file begins. Resolves when
 * the form has ended and `take` is done. Throws `upload_unreadable`; the rest of the body is then read and thrown away, so that the
 * client can hear of it.
 */
export function readForm<T>(
  request: IncomingMessage,
  take: (fields: Record<string, string>, file: Readable) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const form = openForm(request);
    const fields = new Map<string, string>();
    let file: Readable | undefined;
    let taken: Promise<T> | undefined;

    const fail = (error: unknown) => {
      request.unpipe(form);
      request.resume();
      file?.destroy(unreadable('The form broke off.'));
      // A file that is being written is cleared away before anybody hears of the failure.
      (taken ?? Promise.reject(error)).then(() => reject(error), reject);
    };

    form.on('field', (name, value, nameCut, valueCut) => {
      if (nameCut || valueCut) return fail(unreadable(`A field is longer than ${limits.fieldSize} bytes.`));
      fields.set(name, value);
    });
    form.on('file', (_name, begun) => {
      file = begun;
      // Heard by whoever reads it; without a listener an error in between would end the process.
      begun.on('error', () => {});
      taken = take(Object.fromEntries(fields), begun);
      taken.catch(fail);
    });
    form.on('fieldsLimit', () => fail(unreadable(`The form has more than ${limits.fields} fields.`)));
    form.on('filesLimit', () => fail(unreadable('The form has more than one file.')));
    form.on('partsLimit', () => fail(unreadable('The form has too many parts.')));
    form.on('error', () => fail(unreadable('The body is not a form, or breaks off.')));
    form.on('finish', () => {
      if (taken) taken.then(resolve, reject);
      else fail(unreadable('There is no file in the form: send it in the field `file`, as the last one.'));
    });
    request.once('close', () => {
      if (!request.complete) fail(unreadable('The connection broke off.'));
    });
    request.pipe(form);
  });
}

function openForm(request: IncomingMessage) {
  const contentType = request.headers['content-type'] ?? '';
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': contentType },
      limits,
      isPartAFile: (name) => name === 'file',
    });
  } catch {
    throw unreadable('The Content-Type names no boundary.');
  }
}

const unreadable = (detail: string) => fileErrors.problem('upload_unreadable', `${detail} Nothing was kept.`);
