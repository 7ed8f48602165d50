import { linkErrors, Subject, subjectKinds } from '@labwright/contract-hub/links';
import { commonErrors } from '@labwright/kernel/errors';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { baseOf, isLoopback } from '../base-url.ts';
import type { LinksDeps } from '../deps.ts';
import { subjectPage } from '../pages/page.ts';
import type { SubjectSource } from '../pages/subject-source.ts';
import { unknownSubjects } from '../pages/unknown-subjects.ts';
import { labelSheets, pngLabel, svgLabel, zplLabels } from './make-labels.ts';
import { sheetNames } from './sheets.ts';
import { symbolKinds } from './symbol-kinds.ts';

const tags = ['labels'];
/** Each takes milliseconds of processor time. */
const mostLabels = 200;
const mostSheets = 20;
const usualSize = { width: 50, height: 25 };

const Subjects = Type.Array(Subject, { minItems: 1, maxItems: mostLabels });
const SymbolKind = Type.Optional(
  Type.Enum(symbolKinds, {
    description:
      '`qr` (usual): the short address, which opens the page on a phone. `datamatrix`, `code128`: the id, for scanners.',
  }),
);

const EvenIfUnknown = Type.Optional(
  Type.Boolean({
    description:
      'Also labels of what is not there, or not yet; without it they are refused (`subject_not_found`).',
  }),
);

const LabelsRequest = Type.Object(
  {
    subjects: Subjects,
    symbol: SymbolKind,
    even_if_unknown: EvenIfUnknown,
    format: Type.Enum(['svg', 'png', 'zpl'], {
      description: '`svg` and `png` of one label; `zpl` of many, for a label printer.',
    }),
    width_mm: Type.Optional(Type.Number({ minimum: 10, maximum: 300, description: 'svg, zpl; 50.' })),
    height_mm: Type.Optional(Type.Number({ minimum: 5, maximum: 300, description: 'svg, zpl; 25.' })),
    dots_per_mm: Type.Optional(
      Type.Enum([8, 12, 24], { description: 'zpl: 8 (203 dpi, usual), 12 (300 dpi), 24 (600 dpi).' }),
    ),
    scale: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 20,
        description: 'png: pixels a bar, half those of a square module; 4.',
      }),
    ),
  },
  { additionalProperties: false },
);

const SheetRequest = Type.Object(
  {
    subjects: Subjects,
    symbol: SymbolKind,
    even_if_unknown: EvenIfUnknown,
    sheet: Type.Enum(sheetNames, { description: 'Paper, and labels on it.' }),
    skip: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000,
        description: 'Places of the first sheet that are used up; 0.',
      }),
    ),
  },
  { additionalProperties: false },
);

const LabelAddress = Type.Object(
  {
    url: Type.String({ description: 'With what the codes begin: `HUB_PUBLIC_URL`, or what was asked for.' }),
    loopback: Type.Boolean({ description: 'Only this machine can open it: set `HUB_PUBLIC_URL`.' }),
  },
  { title: 'LabelAddress' },
);

/** A label of a mistyped id leads nowhere, for years. Throws `subject_not_found`. */
async function mustBeThere(
  source: SubjectSource,
  subjects: readonly Subject[],
  asking: Parameters<SubjectSource>[1],
): Promise<void> {
  const unknown = await unknownSubjects(source, subjects, asking);
  const [first] = unknown;
  if (first === undefined) return;
  const named = (place: number) => `${subjects[place]?.kind} ${subjects[place]?.id}`;
  throw linkErrors.problem(
    'subject_not_found',
    unknown.length === 1
      ? `There is no ${named(first)}. For a label of what is still to come ask with "even_if_unknown": true.`
      : `${unknown.length} of these are not there, the first is ${named(first)}. For labels of what is still to come ask with "even_if_unknown": true.`,
    {
      faults: unknown.map((place) => ({
        path: `body.subjects[${place}].id`,
        message: `there is no ${named(place)}`,
      })),
    },
  );
}

/** Labels and the pages that they open. */
export function labelRoutes(app: App, deps: LinksDeps, source: SubjectSource): void {
  app.get(
    '/labels/address',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Where QR codes lead, and whether a phone can go there',
        tags,
        response: answers({ 200: LabelAddress }),
      },
    },
    async (request) => {
      const url = baseOf(deps, request);
      return { url, loopback: isLoopback(url) };
    },
  );

  app.post(
    '/labels',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Labels for samples, plates and devices',
        description:
          'Each subject has one code, made with its first label: printed again, a label leads where it led.',
        tags,
        body: LabelsRequest,
        response: answers({
          200: Type.Unsafe<string | Buffer>({
            description: 'The label or labels.',
            content: {
              'image/svg+xml': { schema: Type.String() },
              'image/png': { schema: Type.Unknown({ description: 'The picture.' }) },
              'application/zpl': { schema: Type.String() },
            },
          }),
        }),
      },
    },
    async (request, reply) => {
      const {
        subjects,
        symbol = 'qr',
        format,
        scale = 4,
        dots_per_mm = 8,
        even_if_unknown,
        ...sides
      } = request.body;
      const wanted = { subjects, symbol, base: baseOf(deps, request) };
      const size = { width: sides.width_mm ?? usualSize.width, height: sides.height_mm ?? usualSize.height };
      if (format !== 'zpl' && subjects.length > 1)
        throw commonErrors.problem(
          'validation_failed',
          `One ${format} is one label. Ask for them one by one, for zpl, or for sheets (\`POST /labels/sheets\`).`,
          { faults: [{ path: 'body.subjects', message: `must have one item for ${format}` }] },
        );
      if (!even_if_unknown) await mustBeThere(source, subjects, request);
      if (format === 'png') return reply.type('image/png').send(await pngLabel(deps, wanted, scale));
      if (format === 'svg') return reply.type('image/svg+xml').send(await svgLabel(deps, wanted, size));
      return reply
        .type('application/zpl; charset=utf-8')
        .send(await zplLabels(deps, wanted, { size, dotsPerMm: dots_per_mm }));
    },
  );

  app.post(
    '/labels/sheets',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Sheets of labels, for a browser to print at 100 % and without margins',
        tags,
        body: SheetRequest,
        response: answers({
          200: Type.Unsafe<string>({
            description: 'A page with all sheets.',
            content: { 'text/html': { schema: Type.String() } },
          }),
        }),
      },
    },
    async (request, reply) => {
      const { subjects, symbol = 'qr', sheet, skip = 0, even_if_unknown } = request.body;
      if (!even_if_unknown) await mustBeThere(source, subjects, request);
      const wanted = { subjects, symbol, base: baseOf(deps, request) };
      const { html, policy } = await labelSheets(deps, wanted, { name: sheet, skip, mostSheets });
      return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(html);
    },
  );

  app.get(
    '/pages/:kind/:id',
    {
      schema: {
        summary: 'What a label opens: a page about a sample, a plate or a device',
        tags,
        params: Type.Object({ kind: Type.Enum(subjectKinds), id: Subject.properties.id }),
        response: answers({
          200: Type.Unsafe<string>({
            description: 'For people.',
            content: { 'text/html': { schema: Type.String() } },
          }),
        }),
      },
    },
    async (request, reply) => {
      const { html, policy } = subjectPage(request.params, await source(request.params, request));
      return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(html);
    },
  );
}
