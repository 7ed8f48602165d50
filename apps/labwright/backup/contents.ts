import { nullable } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Part } from './archive/tar.ts';

/** Rises when an archive is laid out in a way that an older program would misread. */
export const archiveFormat = 1;

/** The names of the first part and of the last one. */
export const headName = 'labwright.json';
export const manifestName = 'manifest.json';

const Table = Type.Object({ name: Type.String(), columns: Type.Array(Type.String()) });

const DatabaseHead = Type.Object({
  service: Type.String(),
  /** As `SHOW server_version` has it. */
  postgres: Type.String(),
  migrations: Type.Array(
    Type.Object({
      set_name: Type.String(),
      number: Type.Integer(),
      name: Type.String(),
      checksum: Type.String(),
    }),
  ),
  tables: Type.Array(Table),
  sequences: Type.Array(Type.Object({ name: Type.String(), last: Type.String() })),
});
export type DatabaseHead = Static<typeof DatabaseHead>;

/** What has to be known before the first row is read. */
const Head = Type.Object({
  format: Type.Integer(),
  id: Type.String(),
  version: Type.String(),
  /** The moment that it shows. */
  taken_at: Type.String(),
  databases: Type.Array(DatabaseHead),
  /** Where the files of people lie: in the archive, or left out of it, in their bucket or in their folder. */
  files: Type.Union([Type.Literal('here'), Type.Literal('s3'), Type.Literal('folder')]),
  /** Tells the key apart by which the database keeps second factors and signing keys; null: there was none. */
  secret_key: nullable(Type.String()),
  /** What was set that is no secret: for whoever sets up the machine anew. */
  settings: Type.Record(Type.String(), Type.String()),
});
export type Head = Static<typeof Head>;

/** What is known when all is written. */
const Manifest = Type.Object({
  id: Type.String(),
  parts: Type.Integer(),
  /** Of the rows of each table, `device_db.devices`. */
  rows: Type.Record(Type.String(), Type.Integer()),
  files: Type.Object({
    count: Type.Integer(),
    bytes: Type.Integer(),
    /** Deleted while the backup was made: the laboratory that it is restored into deletes them as well. */
    deleted: Type.Array(Type.String()),
    /** Lost or changed in their storage before: not in the archive. */
    lost: Type.Array(Type.String()),
    /** On record, and left out because that was asked for. */
    left_out: Type.Optional(Type.Object({ count: Type.Integer(), bytes: Type.Integer() })),
  }),
});
export type Manifest = Static<typeof Manifest>;

const head = Compile(Head);
const manifest = Compile(Manifest);

export const jsonPart = (name: string, value: Head | Manifest): Part => ({
  name,
  data: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
});

/** Throws a sentence where the archive is none of ours, or of a newer program. */
export function readHead(part: Part | undefined): Head {
  if (part?.name !== headName) throw new Error('The archive does not begin as a backup of Labwright does.');
  const value: unknown = JSON.parse(part.data.toString());
  const { format } = value as { format?: unknown };
  if (typeof format === 'number' && format > archiveFormat)
    throw new Error(
      `The backup was made by a newer Labwright (format ${format}, and this one reads ${archiveFormat}): restore it with that version.`,
    );
  if (!head.Check(value)) throw new Error('The beginning of the archive cannot be understood.');
  return value;
}

export function readManifest(part: Part): Manifest {
  const value: unknown = JSON.parse(part.data.toString());
  if (!manifest.Check(value)) throw new Error('The manifest of the archive cannot be understood.');
  return value;
}
