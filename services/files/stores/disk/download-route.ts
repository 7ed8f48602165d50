import { FileId } from '@labwright/contract-hub/files';
import type { Clock } from '@labwright/kernel/clock';
import { isProblem } from '@labwright/kernel/errors';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { disposition } from '../../downloads/disposition.ts';
import { rangeOf } from '../../downloads/range.ts';
import { checkLink } from '../../downloads/signed-link.ts';
import type { Served } from '../../store.ts';
import type { Folder } from './folder.ts';

interface DownloadDeps extends Served {
  readonly clock: Clock;
  readonly secret: () => Promise<string>;
  readonly folder: Folder;
}

const Bytes = Type.Unknown({ description: 'The bytes, or the range of them that was asked for.' });

/** `GET /files/{id}/content`: where links lead. A file never changes, so its SHA-256 is its tag, and a part can be asked for by it. */
export function downloadRoute({ clock, secret, folder, ready }: DownloadDeps): (app: App) => void {
  return (app) => {
    app.get(
      '/files/:id/content',
      {
        config: { access: 'public' },
        schema: {
          summary: 'Fetch the bytes of a file',
          description:
            'With a link that `POST /files/{id}/links` answered. `Range` asks for a part, `If-None-Match` for nothing where it is known.',
          tags: ['files'],
          params: Type.Object({ id: FileId }),
          querystring: Type.Object({
            expires: Type.String({ pattern: '^\\d{1,12}$' }),
            signature: Type.String({ maxLength: 100 }),
          }),
          response: answers({ 200: Bytes, 206: Bytes, 304: Type.Null() }),
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        checkLink(await secret(), id, request.query, clock.now());
        const file = await ready(id);
        const tag = `"${file.sha256}"`;
        const { range: wanted, 'if-range': ifRange = tag, 'if-none-match': known = '' } = request.headers;
        reply.headers({
          etag: tag,
          'accept-ranges': 'bytes',
          'cache-control': 'private, no-cache',
          // Nothing in a file may act in the name of this server, whatever a browser takes it for.
          'content-security-policy': "sandbox; default-src 'none'",
          'cross-origin-resource-policy': 'same-site',
          'x-content-type-options': 'nosniff',
        });
        if (known.split(',').some((each) => each.trim().replace(/^W\//, '') === tag))
          return reply.code(304).send(null);
        const range = rangeFor(reply, ifRange === tag ? wanted : undefined, file.size);
        reply.headers({
          'content-type': file.content_type,
          'content-disposition': disposition(file.name),
          'content-length': String(range ? range.end - range.start + 1 : file.size),
        });
        if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
        return reply.send(await folder.readKept(file.kept_key, range));
      },
    );
  };
}

function rangeFor(
  reply: { header(name: string, value: string): unknown },
  wanted: string | undefined,
  size: number,
) {
  try {
    return rangeOf(wanted, size);
  } catch (error) {
    if (isProblem(error, 'range_not_satisfiable')) reply.header('content-range', `bytes */${size}`);
    throw error;
  }
}
