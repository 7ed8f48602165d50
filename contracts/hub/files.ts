import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';

/** `expected`: its bytes are on their way. `received`: they are there, and are being checked. The other four are final, but that a `ready` file may be deleted. */
export const fileStatuses = ['expected', 'received', 'ready', 'rejected', 'expired', 'deleted'] as const;
export const FileStatus = Type.Enum(fileStatuses, { title: 'FileStatus' });
export type FileStatus = Static<typeof FileStatus>;

/** `none`: nothing to read in it. `pending`: a job will read it. */
export const resultsStatuses = ['none', 'pending', 'done', 'failed'] as const;
export const ResultsStatus = Type.Enum(resultsStatuses, { title: 'ResultsStatus' });
export type ResultsStatus = Static<typeof ResultsStatus>;

const reference = (description: string) => Type.String({ pattern: '^[\\x21-\\x7e]{1,100}$', description });

export const FileId = Type.String({ format: 'uuid' });

/** One thing in a file that cannot be read as a result. */
export const ResultFault = Type.Object(
  {
    line: Type.Integer({ description: 'Of the file, from 1.' }),
    column: nullable(Type.String()),
    message: Type.String(),
  },
  { title: 'ResultFault' },
);
export type ResultFault = Static<typeof ResultFault>;

/** A row of `files`. */
export const StoredFile = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    content_type: Type.String(),
    size: Type.Number({ description: 'Bytes.' }),
    sha256: Type.String({ description: 'Of the bytes, hexadecimal.' }),
    owner_id: Type.String(),
    owner_name: Type.String({ description: 'As it was then.' }),
    workflow_id: nullable(Type.String()),
    plate_id: nullable(Type.String()),
    device_id: nullable(Type.String()),
    status: FileStatus,
    status_reason: nullable(Type.String({ description: 'Why it is rejected, expired or deleted.' })),
    results_status: ResultsStatus,
    results_reason: nullable(Type.String({ description: 'Why no results could be read.' })),
    parser: nullable(Type.String({ description: 'What the file was read as.' })),
    results_count: nullable(Type.Integer()),
    faults: nullable(
      Type.Array(ResultFault, { description: 'The first hundred lines that cannot be read.' }),
    ),
    faults_count: nullable(Type.Integer()),
    expires_at: Timestamp,
    created_at: Timestamp,
    ready_at: nullable(Timestamp),
    delete_at: nullable(Timestamp),
    deleted_at: nullable(Timestamp),
  },
  { title: 'StoredFile' },
);
export type StoredFile = Static<typeof StoredFile>;

export const CreateUploadRequest = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'For people, and for the name of the download; no path.',
    }),
    content_type: Type.String({ pattern: '^[a-z]+/[a-z0-9.+-]{1,100}$' }),
    size: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes, exactly.' }),
    sha256: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'Of the bytes, hexadecimal: `sha256sum FILE`.',
    }),
    workflow_id: Type.Optional(reference('The workflow that the file belongs to.')),
    plate_id: Type.Optional(reference('The plate whose wells it speaks of, where it names none itself.')),
    device_id: Type.Optional(reference('The instrument that wrote it.')),
    resumable: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'By tus, in pieces: for files above the limit of one form.',
      }),
    ),
    results: Type.Optional(
      Type.Enum(['auto', 'required', 'none'], {
        default: 'auto',
        description:
          '`auto`: read results where a parser knows the form. `required`: a form that none knows is a failure. `none`: only keep it.',
      }),
    ),
    keep_days: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 36_500, description: 'Days after which it is deleted.' }),
    ),
  },
  { title: 'CreateUploadRequest', additionalProperties: false },
);
export type CreateUploadRequest = Static<typeof CreateUploadRequest>;

/** How the bytes are sent. */
export const UploadTarget = Type.Object(
  {
    method: Type.Enum(['form', 'tus'], {
      description:
        '`form`: POST multipart/form-data with these fields, in any order, and the file in `file` behind them. `tus`: HEAD and PATCH, tus 1.0.',
    }),
    url: Type.String({ description: 'Where it begins with a slash: of this server.' }),
    fields: Type.Record(Type.String(), Type.String()),
    expires_at: Timestamp,
  },
  { title: 'UploadTarget' },
);
export type UploadTarget = Static<typeof UploadTarget>;

export const Upload = Type.Object({ file: StoredFile, upload: UploadTarget }, { title: 'Upload' });
export type Upload = Static<typeof Upload>;

export const FileLink = Type.Object(
  {
    url: Type.String({ description: 'Where it begins with a slash: of this server.' }),
    expires_at: Timestamp,
  },
  { title: 'FileLink' },
);

export const FilePage = Type.Object(
  { files: Type.Array(StoredFile), next_cursor: NextCursor },
  { title: 'FilePage' },
);

/** One measured value. */
export const Result = Type.Object(
  {
    id: Type.String(),
    file_id: Type.String(),
    line: Type.Integer({ description: 'Of the file.' }),
    workflow_id: nullable(Type.String()),
    plate_id: nullable(Type.String()),
    device_id: nullable(Type.String()),
    well: Type.String(),
    measurement: Type.String({
      description: '`Absorbance 450 nm`; `value` where the file has no name for it.',
    }),
    value: nullable(
      Type.Number({ description: 'Null where the instrument could not measure it: see `note`.' }),
    ),
    unit: nullable(Type.String()),
    note: nullable(Type.String({ description: '`overflow`, `underflow`, `invalid`.' })),
  },
  { title: 'Result' },
);
export type Result = Static<typeof Result>;

export const ResultPage = Type.Object(
  { results: Type.Array(Result), next_cursor: NextCursor },
  { title: 'ResultPage' },
);

export const FileUsage = Type.Object(
  {
    owner_id: Type.String(),
    bytes: Type.Number({ description: 'Kept, and promised to uploads that are under way.' }),
    quota_bytes: Type.Number(),
    open_uploads: Type.Integer(),
    open_uploads_limit: Type.Integer(),
  },
  { title: 'FileUsage' },
);
