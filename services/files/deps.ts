import type { Announcer } from '@labwright/contract-hub/announce';
import type { ServiceDeps } from '@labwright/kernel/service';
import type { FileStore } from './store.ts';

/** What the parts of this domain share. */
export interface FilesDeps extends ServiceDeps {
  readonly store: FileStore;
  readonly settings: FilesSettings;
  /** Tells owners what they would not know otherwise. */
  readonly announcer?: Announcer | undefined;
  /** Signs what the store does not sign itself. */
  readonly secret: () => Promise<string>;
}

export interface FilesSettings {
  /** Bytes of the largest file that comes in one form. */
  formBytes: number;
  /** Bytes of the largest file at all. A copy within S3 takes 5 GiB at most. */
  resumableBytes: number;
  /** Seconds in which a form has to arrive. */
  formSeconds: number;
  /** Seconds in which a file in pieces has to be whole. */
  resumableSeconds: number;
  /** Seconds in which a link has to be followed. */
  linkSeconds: number;
  /** Bytes that a person may have, kept and promised. */
  quotaBytes: number;
  /** Uploads that a person may have under way. */
  openUploads: number;
  /** Days that a file is kept where its upload says nothing; null: until somebody deletes it. */
  keepDays: number | null;
  /** What is taken at all. */
  contentTypes: readonly string[];
  /** Values in one file. */
  resultsPerFile: number;
  /** Milliseconds between two rounds of the sweep. */
  sweepMs: number;
  /** Milliseconds after which bytes that belong to no file are deleted. */
  orphanMs: number;
}

export const defaultSettings: FilesSettings = {
  formBytes: 10 * 1024 ** 2,
  resumableBytes: 2 * 1024 ** 3,
  formSeconds: 300,
  resumableSeconds: 86_400,
  linkSeconds: 300,
  quotaBytes: 20 * 1024 ** 3,
  openUploads: 100,
  keepDays: null,
  contentTypes: [
    'application/gzip',
    'application/json',
    'application/octet-stream',
    'application/pdf',
    'application/vnd.ms-excel',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/xml',
    'application/zip',
    'image/jpeg',
    'image/png',
    'image/tiff',
    'text/csv',
    'text/plain',
    'text/tab-separated-values',
  ],
  resultsPerFile: 500_000,
  sweepMs: 30_000,
  orphanMs: 3_600_000,
};
