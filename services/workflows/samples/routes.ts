import {
  CreatePlateRequest,
  CreateSampleRequest,
  Plate,
  PlateId,
  PlatePage,
  PlateWithSamples,
  Sample,
  SamplePage,
  SampleType,
  SampleUsePage,
  ValidateSamplesAnswer,
  ValidateSamplesRequest,
  workflowErrors,
} from '@labwright/contract-workflows';
import { commonErrors } from '@labwright/kernel/errors';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { WorkflowsDeps } from '../deps.ts';
import { createSample } from './create-sample.ts';
import { findSample, knownBarcodes, similarBarcodes } from './find-samples.ts';
import { importRoute } from './import/route.ts';
import { listSamples } from './list-samples.ts';
import { listUses } from './list-uses.ts';
import { createPlate, listPlates, plateWithSamples } from './plates.ts';
import { barcodeShape } from './shapes.ts';

const usualLimit = 50;

/** Samples, plates, and the import of files. Errors: `contracts/workflows/errors.ts`. */
export function sampleRoutes(deps: WorkflowsDeps): (app: App) => void {
  return (app) => {
    sampleRoutesOf(app, deps);
    plateRoutesOf(app, deps);
    importRoute(deps)(app);
  };
}

function sampleRoutesOf(app: App, { db }: WorkflowsDeps): void {
  const tags = ['samples'];

  app.get(
    '/samples',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Samples, oldest first; with barcode_prefix in the order of barcodes',
        tags,
        querystring: Type.Object(
          {
            ...PageQuery,
            sample_type: Type.Optional(SampleType),
            plate_id: Type.Optional(PlateId),
            barcode_prefix: Type.Optional(
              Type.String({
                pattern: barcodeShape.source,
                description: 'The first characters of the barcode.',
              }),
            ),
            any_case: Type.Optional(
              Type.Boolean({
                description: 'With `barcode_prefix`: upper and lower case are the same.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: answers({ 200: SamplePage }),
      },
    },
    ({ query: { limit = usualLimit, cursor, ...filters } }) => listSamples(db, filters, { limit, cursor }),
  );

  app.get(
    '/samples/:barcode',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'One sample',
        tags,
        params: Type.Object({ barcode: Type.String() }),
        response: answers({ 200: Sample }),
      },
    },
    async ({ params }) => {
      const sample = await findSample(db, params.barcode);
      if (!sample)
        throw workflowErrors.problem(
          'sample_not_found',
          `There is no sample with the barcode ${params.barcode}.`,
        );
      return sample;
    },
  );

  app.get(
    '/samples/:barcode/workflows',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The workflows in which a sample is used, newest first',
        tags,
        params: Type.Object({ barcode: Type.String() }),
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: answers({ 200: SampleUsePage }),
      },
    },
    ({ params, query: { limit = usualLimit, cursor } }) => listUses(db, params.barcode, { limit, cursor }),
  );

  app.post(
    '/samples',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Add a sample',
        tags,
        body: CreateSampleRequest,
        response: answers({ 201: Sample }),
      },
    },
    async (request, reply) => {
      reply.code(201);
      return createSample(db, request.actionId, request.body);
    },
  );

  app.post(
    '/samples/validate',
    {
      config: { access: 'viewer', scope: 'workflows:read' },
      schema: {
        summary: 'Which of these barcodes are known',
        tags,
        body: ValidateSamplesRequest,
        response: answers({ 200: ValidateSamplesAnswer }),
      },
    },
    async ({ body: { barcodes, sample_barcodes } }) => {
      const given = barcodes ?? sample_barcodes;
      if (!given || (barcodes && sample_barcodes))
        throw commonErrors.problem(
          'validation_failed',
          'Give the list as `barcodes` or as `sample_barcodes`: one of them, not both.',
          { faults: [{ path: 'body.barcodes', message: 'is required, or sample_barcodes in its place' }] },
        );
      const known = await knownBarcodes(db, given);
      const asked = [...new Set(given)];
      const unknown = asked.filter((barcode) => !known.has(barcode));
      const similar = await similarBarcodes(db, unknown);
      return {
        valid: unknown.length === 0,
        valid_barcodes: asked.filter((barcode) => known.has(barcode)),
        invalid_barcodes: unknown,
        ...(similar.length > 0 ? { similar_barcodes: similar } : {}),
      };
    },
  );
}

function plateRoutesOf(app: App, { db }: WorkflowsDeps): void {
  const tags = ['plates'];

  app.post(
    '/plates',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Add a plate',
        description: '8 rows and 12 columns, named like its id, where nothing else is said.',
        tags,
        body: CreatePlateRequest,
        response: answers({ 201: Plate }),
      },
    },
    async (request, reply) => {
      reply.code(201);
      return createPlate(db, request.actionId, request.body);
    },
  );

  app.get(
    '/plates',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Plates, in the order of their ids',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: answers({ 200: PlatePage }),
      },
    },
    ({ query: { limit = usualLimit, cursor } }) => listPlates(db, { limit, cursor }),
  );

  app.get(
    '/plates/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'A plate and its samples, well by well',
        tags,
        params: Type.Object({ id: Type.String() }),
        response: answers({ 200: PlateWithSamples }),
      },
    },
    ({ params }) => plateWithSamples(db, params.id),
  );
}
