import {
  CreateUploadRequest,
  FileId,
  FileLink,
  FilePage,
  FileUsage,
  ResultPage,
  StoredFile,
  Upload,
} from '@labwright/contract-hub/files';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import Type from 'typebox';
import type { FilesDeps } from './deps.ts';
import { loadFile } from './file-row.ts';
import { checkOwner } from './files/check-owner.ts';
import { deleteFile } from './files/delete-file.ts';
import { listFiles } from './files/list-files.ts';
import { readyFile } from './files/ready-file.ts';
import { usageOf } from './files/usage.ts';
import { listResults } from './results/list-results.ts';
import { completeUpload } from './uploads/complete-upload.ts';
import { createUpload } from './uploads/create-upload.ts';

const tags = ['files'];
const OneFile = Type.Object({ id: FileId });
const text = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));

export const fileRoutes = (deps: FilesDeps) => (app: App) => {
  uploadRoutes(deps)(app);
  app.get(
    '/files',
    {
      config: { access: 'viewer', domain: 'files' },
      schema: {
        summary: 'Files, newest first',
        description: 'All, or by one of `owner_id`, `workflow_id` and `plate_id`.',
        tags,
        querystring: Type.Object(
          { ...PageQuery, owner_id: text, workflow_id: text, plate_id: text },
          { additionalProperties: false },
        ),
        response: answers({ 200: FilePage }),
      },
    },
    ({ query }) => listFiles(deps, { ...query, limit: query.limit ?? 50 }),
  );
  app.get(
    '/files/usage',
    {
      config: { access: 'viewer', domain: 'files' },
      schema: { summary: 'How much of the storage is yours', tags, response: answers({ 200: FileUsage }) },
    },
    () => usageOf(deps, currentPrincipal().id),
  );
  app.get(
    '/files/:id',
    {
      config: { access: 'viewer', domain: 'files' },
      schema: { summary: 'One file', tags, params: OneFile, response: answers({ 200: StoredFile }) },
    },
    ({ params }) => loadFile(deps.db, params.id),
  );
  app.post(
    '/files/:id/links',
    {
      config: { access: 'viewer', domain: 'files', bodyOptional: true },
      schema: {
        summary: 'A link to the bytes of a file',
        description: 'Whoever has it may fetch them, for some minutes; it needs no sign-in.',
        tags,
        params: OneFile,
        body: Type.Object({}, { additionalProperties: false }),
        response: answers({ 201: FileLink }),
      },
    },
    async ({ params }, reply) => {
      const file = await readyFile(deps, params.id);
      const expiresMs = deps.clock.now() + deps.settings.linkSeconds * 1_000;
      const url = await deps.store.link({ ...file, key: file.kept_key }, expiresMs);
      reply.code(201);
      return { url, expires_at: new Date(expiresMs).toISOString() };
    },
  );
  app.delete(
    '/files/:id',
    {
      config: { access: 'scientist', domain: 'files' },
      schema: {
        summary: 'Delete a file, or withdraw an upload',
        description: 'Of its owner, or of an operator. The bytes go; what was read in it stays.',
        tags,
        params: OneFile,
        response: answers({ 200: StoredFile }),
      },
    },
    ({ params }) => deleteFile(deps, params.id, currentPrincipal()),
  );
  app.get(
    '/results',
    {
      config: { access: 'viewer', domain: 'files' },
      schema: {
        summary: 'What was read in files',
        description:
          'By exactly one of `file_id`, `workflow_id` and `plate_id`, in the order in which it was read.',
        tags,
        querystring: Type.Object(
          { ...PageQuery, file_id: Type.Optional(FileId), workflow_id: text, plate_id: text },
          { additionalProperties: false },
        ),
        response: answers({ 200: ResultPage }),
      },
    },
    ({ query }) => listResults(deps, { ...query, limit: query.limit ?? 50 }),
  );
};

const uploadRoutes = (deps: FilesDeps) => (app: App) => {
  app.post(
    '/uploads',
    {
      config: { access: 'scientist', domain: 'files' },
      schema: {
        summary: 'Ask for a place for a file',
        description:
          'Answers where the bytes go, and the signed policy that allows just this file: its size, type and SHA-256, for some minutes, once. They go straight to the storage.',
        tags,
        body: CreateUploadRequest,
        response: answers({ 201: Upload }),
      },
    },
    async (request, reply) => {
      const upload = await createUpload(deps, request.actionId, currentPrincipal(), request.body);
      reply.code(201).header('location', `/files/${upload.file.id}`);
      return upload;
    },
  );
  app.post(
    '/uploads/:id/complete',
    {
      config: { access: 'scientist', domain: 'files', bodyOptional: true },
      schema: {
        summary: 'Say that the bytes are there',
        description:
          'They are then checked, and results are read in them, both in the background. Forgotten, it is noticed within minutes.',
        tags,
        params: OneFile,
        body: Type.Object({}, { additionalProperties: false }),
        response: answers({ 200: StoredFile }),
      },
    },
    async ({ params }) => {
      checkOwner(await loadFile(deps.db, params.id), currentPrincipal());
      return completeUpload(deps, params.id);
    },
  );
};
