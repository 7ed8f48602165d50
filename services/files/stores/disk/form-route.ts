import type { IncomingMessage } from 'node:http';
import type { Clock } from '@labwright/kernel/clock';
import { commonErrors } from '@labwright/kernel/errors';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import type { Served } from '../../store.ts';
import { formSigner } from '../../uploads/own-signers.ts';
import { checkPolicy } from '../../uploads/policy.ts';
import { readForm } from './read-form.ts';
import type { Receive } from './receive.ts';

export const formPath = '/uploads/form';

const description = `The fields that \`POST /uploads\` answered, unchanged, and behind them the file, in \`file\`: as S3 takes it. The signed policy is
what allows it, so no sign-in is asked for. The file goes straight to the disk; with another size, type or SHA-256 than announced, too late, or a
second time, it is refused and nothing is kept.`;

interface FormDeps extends Served {
  readonly clock: Clock;
  readonly secret: () => Promise<string>;
  readonly receive: Receive;
}

/** `POST /uploads/form`, in a scope of its own: it reads forms and nothing else. */
export function formRoute(deps: FormDeps): (app: App) => void {
  return (app) => {
    app.register((scope, _options, done) => {
      route(scope as unknown as App, deps);
      done();
    });
  };
}

function route(app: App, deps: FormDeps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('multipart/form-data', (_request, _payload, parsed) => parsed(null));
  app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(unsupported()));
  app.post(
    formPath,
    {
      config: { access: 'public', readsOwnBody: true },
      schema: {
        summary: 'Send the file of an upload',
        description,
        tags: ['files'],
        body: { content: { 'multipart/form-data': { schema: Type.Unknown({ description: 'The form.' }) } } },
        response: answers({ 201: Type.Object({ file_id: Type.String() }) }),
      },
    },
    async (request, reply) => {
      if (request.headers['content-type'] === undefined) throw unsupported();
      try {
        const file_id = await takeForm(deps, request.raw);
        reply.code(201);
        return { file_id };
      } catch (error) {
        // What is left of the body is of no use to anybody.
        reply.header('connection', 'close');
        throw error;
      }
    },
  );
}

async function takeForm(deps: FormDeps, request: IncomingMessage): Promise<string> {
  const signer = formSigner(await deps.secret());
  const id = await readForm(request, async (fields, file) => {
    const allowed = checkPolicy(fields, signer, deps.clock.now());
    await deps.expects(allowed.id);
    await deps.receive(allowed, file);
    return allowed.id;
  });
  await deps.arrived(id);
  return id;
}

const unsupported = () =>
  commonErrors.problem(
    'unsupported_media_type',
    'This route reads a form. Send it with "Content-Type: multipart/form-data; boundary=…".',
  );
