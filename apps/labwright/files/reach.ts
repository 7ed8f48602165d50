import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Client } from '@labwright/client';
import { Problem, type ProblemBody } from '@labwright/kernel/errors';
import { type Service, Unreachable } from '../lab/service.ts';

/** The files of a laboratory by way of the client library, which knows how large ones go out in pieces and go on after a broken connection. */
export async function reachFiles(hub: Service): Promise<Client['files']> {
  const { createClient } = await import('@labwright/client');
  return createClient({ hub: hub.url, token: hub.token }).files;
}

/** Errors of the client library as those of every other command. */
export async function asked<T>(hub: Service, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'LabwrightError') throw error;
    const { status, body, retryAfterSeconds } = error as Error & {
      status: number;
      body: unknown;
      retryAfterSeconds: number | undefined;
    };
    if (isProblemBody(body)) throw Problem.fromWire(body, retryAfterSeconds);
    if ((error as unknown as { code: string }).code === 'file_rejected') throw new Error(error.message);
    throw new Unreachable(status === 0 ? error.message : `${error.message} (${hub.name}, ${status})`, {
      cause: error,
    });
  }
}

const isProblemBody = (body: unknown): body is ProblemBody =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body && 'title' in body;

/** SHA-256 of a file, hexadecimal, read in pieces. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
