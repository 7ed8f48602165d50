import { Readable } from 'node:stream';
import { Execution } from '@labwright/contract-devices';
import { type App, answers, nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { deviceNotFound } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { preferredFormat } from './accept.ts';
import { readPage } from './page.ts';
import {
  checkStreamable,
  DeviceLogsQuery,
  ListQuery,
  type LogQuery,
  placeOf,
  SearchQuery,
  selectionOf,
} from './query.ts';
import { logReader } from './read.ts';
import { csv, ndjson, streamLogs } from './stream.ts';

export { durations } from './durations.ts';
export { logReader, readPage, selectionOf };

const Cursor = nullable(Type.String());
const LogAnswer = Type.Object(
  {
    execution_logs: Type.Array(Execution, { description: 'Newest first.' }),
    next_cursor: Cursor,
    prev_cursor: Cursor,
    page: Type.Optional(Type.Integer()),
    per_page: Type.Optional(Type.Integer()),
  },
  { title: 'ExecutionLogPage' },
);
type Answer = Static<typeof LogAnswer> | Readable;

/** A stream goes past the schemas, which are for JSON and for readers of the reference. */
const AnyForm = Type.Unsafe<Answer>({
  description: 'A page of rows, or a stream of all of them.',
  content: {
    'application/json': { schema: LogAnswer },
    'application/x-ndjson': { schema: Type.String({ description: 'One row of `execution_logs` a line.' }) },
    'text/csv': { schema: Type.String({ description: 'A header row, then a row for each execution.' }) },
  },
});

interface Asked {
  method: string;
  headers: { accept?: string | undefined };
}
interface Reply {
  header(name: string, value: string): unknown;
  type(mediaType: string): unknown;
}

const formats = { json: 'json', ndjson, csv } as const;

/** Also a device that was deleted: its logs are kept. */
const everKnown = rows(
  'devices.logs.device',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM devices WHERE id = $1',
);

const description = `Newest first. With \`Accept: application/x-ndjson\` or \`Accept: text/csv\` the answer is a stream of all rows that match, of
any number (\`limit\` ends it earlier); a stream that breaks off in the middle ends with a broken connection, never like a whole one. CSV is RFC 4180
with a header row, objects as JSON, and values exactly as they are stored: a spreadsheet may take a text that begins with \`=\`, \`+\`, \`-\` or \`@\`
for a formula, so import such columns as text. \`start\` and \`end\` are inclusive: a date is its whole day in UTC, a time is that instant.`;

/** The execution logs: what the devices did. */
export function logRoutes(deps: DevicesDeps): (app: App) => void {
  const { db } = deps;
  const reader = logReader(db);

  const answer = async (query: LogQuery, request: Asked, reply: Reply): Promise<Answer> => {
    const selection = selectionOf(query);
    const format = query.format ? formats[query.format] : preferredFormat(request.headers.accept);
    reply.header('vary', 'accept');
    if (query.format && format !== 'json')
      reply.header('content-disposition', `attachment; filename="execution-logs.${query.format}"`);
    if (format === 'json') {
      const { limit, skip, ...numbers } = placeOf(query);
      return { ...(await readPage(reader, { ...selection, limit, skip })), ...numbers };
    }
    checkStreamable(query, selection);
    reply.type(format.mediaType);
    // The server reads a stream to its end to throw it away, and this one may have millions of rows.
    if (request.method === 'HEAD') return Readable.from([]);
    return streamLogs(reader, { ...selection, limit: query.limit }, format);
  };

  return (app) => {
    const schema = {
      tags: ['execution logs'],
      description,
      response: answers({ 200: AnyForm }),
    };
    app.get(
      '/execution-logs',
      {
        config: { access: 'viewer' },
        schema: { ...schema, summary: 'What the devices did', querystring: ListQuery },
      },
      (request, reply) => answer(request.query, request, reply),
    );
    app.get(
      '/execution-logs/search',
      {
        config: { access: 'viewer' },
        schema: { ...schema, summary: 'What the devices did between two times', querystring: SearchQuery },
      },
      (request, reply) => answer(request.query, request, reply),
    );
    app.get(
      '/execution-logs/:device_id',
      {
        config: { access: 'viewer' },
        schema: {
          ...schema,
          summary: 'What one device did',
          params: Type.Object({ device_id: Type.String() }),
          querystring: DeviceLogsQuery,
        },
      },
      async (request, reply) => {
        const { device_id } = request.params;
        if (!(await db.first(everKnown, [device_id]))) throw deviceNotFound(device_id);
        return answer({ ...request.query, device_id }, request, reply);
      },
    );
  };
}
