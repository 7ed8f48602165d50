import { FileId } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import { type App, answers } from '@labwright/kernel/http';
import { Server } from '@tus/server';
import Type from 'typebox';
import type { FilesDeps } from '../deps.ts';
import { completeUpload, expectUpload } from './complete-upload.ts';
import { piecesSigner } from './own-signers.ts';
import { piecesPath } from './pieces-target.ts';
import { checkPolicy } from './policy.ts';

/** Milliseconds without a byte after which a connection that sends a piece is closed: the client comes back and goes on from there. */
const idleMs = 60_000;

const description = `tus 1.0, at the address that \`POST /uploads\` answered for \`"resumable": true\`: HEAD tells how much is there, PATCH adds to it. The
policy and its signature are part of the address, so no sign-in is asked for.`;

/** `HEAD` and `PATCH /uploads/resumable/{id}`, in a scope of their own: they read pieces and nothing else. */
export function piecesRoutes(deps: FilesDeps): (app: App) => void {
  let opened: Promise<Server> | undefined;
  const server = () => {
    opened ??= open(deps);
    return opened;
  };
  return (app) => {
    app.register((scope, _options, done) => {
      route(scope as unknown as App, deps, server);
      done();
    });
  };
}

async function open(deps: FilesDeps): Promise<Server> {
  const { pieces } = deps.store;
  const idIn = (url: string) => new URL(url, 'http://localhost').pathname.split('/').at(-1) ?? '';
  return new Server({
    path: piecesPath,
    datastore: await pieces.store(),
    // The bytes go where they belong whoever asks: the route has checked the policy for this very id.
    getFileIdFromRequest: (request) => pieces.idOf(idIn(request.url)),
    maxSize: deps.settings.resumableBytes,
    allowedOrigins: [],
    onUploadFinish: async (request) => {
      await completeUpload(deps, idIn(request.url));
      return {};
    },
  });
}

/** With the other fields of the policy, as `POST /uploads` gave them. */
const signed = Type.Optional(Type.String({ maxLength: 4_000 }));

function route(app: App, deps: FilesDeps, server: () => Promise<Server>): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
  for (const method of ['HEAD', 'PATCH'] as const)
    app.route({
      method,
      url: `${piecesPath}/:id`,
      config: { access: 'public', readsOwnBody: true },
      schema: {
        // Two methods of one thing: the reference has it once, under PATCH.
        hide: method === 'HEAD',
        summary: method === 'HEAD' ? 'How much of a file is there' : 'Send the next piece of a file',
        description,
        tags: ['files'],
        params: Type.Object({ id: FileId }),
        querystring: Type.Object(
          { policy: signed, 'x-amz-credential': signed, 'x-amz-signature': signed },
          { additionalProperties: Type.String({ maxLength: 4_000 }) },
        ),
        response: answers(
          method === 'HEAD'
            ? { 200: Type.Null({ description: 'How much is in `Upload-Offset`.' }) }
            : { 204: Type.Null({ description: 'It is there.' }) },
        ),
      },
      handler: async (request, reply) => {
        const { id } = request.params;
        const allowed = checkPolicy(
          request.query as Record<string, string>,
          piecesSigner(await deps.secret()),
          deps.clock.now(),
        );
        if (allowed.id !== id)
          throw fileErrors.problem(
            'policy_violated',
            'The policy is one for another upload. Send to its own address.',
          );
        await expectUpload(deps, id);
        reply.hijack();
        const { socket } = request.raw;
        const end = () => request.raw.destroy();
        socket.setTimeout(idleMs, end);
        // The next piece comes over the same connection, and listens for itself.
        reply.raw.once('close', () => socket.off('timeout', end));
        await (await server()).handle(request.raw, reply.raw);
      },
    });
}
