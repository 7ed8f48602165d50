import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ImportAnswer, workflowErrors } from '@labwright/contract-workflows';
import { commonErrors } from '@labwright/kernel/errors';
import { type App, answers, ProblemSchema } from '@labwright/kernel/http';
import Type from 'typebox';
import type { WorkflowsDeps } from '../../deps.ts';
import { importSamples } from './import-samples.ts';
import { type Upload, type UploadLimits, uploadDesk, usualLimits } from './upload.ts';

const ImportRejected = Type.Object(
  {
    ...ProblemSchema.properties,
    imported: Type.Optional(Type.Integer()),
    rejected: Type.Optional(ImportAnswer.properties.rejected),
    faults: Type.Optional(ImportAnswer.properties.faults),
  },
  { additionalProperties: true },
);

const description = `\`Content-Type: text/csv\`, UTF-8, at most 256 MiB. The first line names the columns, in any order:
\`barcode,sample_type,plate_id,well,volume_ul\`; the last three may be left out. Every bad row is reported with its
line. Nothing is imported unless all rows are good, or \`partial\` is set.`;

/** \`POST /samples/import\`, in a scope of its own: it reads CSV and nothing else. */
export function importRoute(deps: WorkflowsDeps, limits: UploadLimits = usualLimits): (app: App) => void {
  const desk = uploadDesk(deps.clock, limits);
  return (app) => {
    app.register((scope, _options, done) => {
      route(scope as unknown as App, deps, desk);
      done();
    });
  };
}

function route(app: App, deps: WorkflowsDeps, desk: ReturnType<typeof uploadDesk>): void {
  receiveCsv(app, deps, desk);
  app.post(
    '/samples/import',
    {
      config: { access: 'scientist', readsOwnBody: true },
      schema: {
        summary: 'Import samples from a CSV file',
        description,
        tags: ['samples'],
        querystring: Type.Object(
          {
            partial: Type.Optional(
              Type.Boolean({ description: 'Import the good rows of a file that has bad ones.' }),
            ),
            create_plates: Type.Optional(
              Type.Boolean({
                description: 'Make plates that do not exist, 8 × 12, instead of refusing them.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        body: { content: { 'text/csv': { schema: Type.Unknown({ description: 'The file.' }) } } },
        response: answers({ 200: ImportAnswer, 422: ImportRejected }),
      },
    },
    async (request) => {
      const upload = request.body as Upload | undefined;
      if (!upload)
        throw workflowErrors.problem(
          'import_unreadable',
          'There is no file in the request. Send it as the body, with the header "Content-Type: text/csv".',
        );
      const { partial = false, create_plates: createPlates = false } = request.query;
      return importSamples(deps, request.actionId, upload, { partial, createPlates });
    },
  );
}

interface Incoming {
  headers: IncomingHttpHeaders;
}

/** The body of a request becomes an `Upload`, which ends with the request unless it is in use by then. */
function receiveCsv(app: App, { log }: WorkflowsDeps, desk: ReturnType<typeof uploadDesk>): void {
  const ended = new WeakMap<object, AbortSignal>();
  app.addHook('onRequest', async (request, reply) => {
    const end = new AbortController();
    ended.set(request, end.signal);
    // Also for a client that is gone, and where another answer was given than that of the import.
    reply.raw.once('close', () => end.abort());
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async () => {
    throw unsupported();
  });
  app.addContentTypeParser('text/csv', async (request: Incoming, payload: IncomingMessage) => {
    refuseOtherEncodings(request.headers);
    const length = request.headers['content-length'];
    const upload = await desk.receive(payload, length === undefined ? undefined : Number(length));
    const discard = () =>
      upload.discard().catch((error) => log.warn({ err: error }, 'an upload could not be discarded'));
    const end = ended.get(request);
    if (end?.aborted) await discard();
    else end?.addEventListener('abort', discard, { once: true });
    return upload;
  });
}

function refuseOtherEncodings(headers: IncomingHttpHeaders): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1];
  const plain = (headers['content-encoding'] ?? 'identity') === 'identity';
  if (!plain || (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))) throw unsupported();
}

const unsupported = () =>
  commonErrors.problem(
    'unsupported_media_type',
    'This route reads CSV in UTF-8, not compressed. Send the file with the header "Content-Type: text/csv".',
  );
