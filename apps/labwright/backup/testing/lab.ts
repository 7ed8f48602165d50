import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, spawnScript, type TestProcess } from '@labwright/kernel/testing';

export type Json = Record<string, unknown> & { [name: string]: unknown };

const main = import.meta.resolve('../../main.ts');

/** A laboratory in processes of its own. */
export interface RunningLab {
  readonly env: Record<string, string>;
  readonly process: TestProcess;
  /** `device`, `workflow` or `hub`; answers the body, and fails where the status is not below 400. */
  ask(service: 'device' | 'workflow' | 'hub', method: string, path: string, body?: unknown): Promise<Json>;
  stop(): Promise<void>;
}

/** The command line, as a person types it. */
export const labwright = (env: Record<string, string>, ...args: string[]): TestProcess =>
  spawnScript(main, env, { args });

export async function startLab(home: string, more: Record<string, string> = {}): Promise<RunningLab> {
  const [device, workflow, hub] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    LABWRIGHT_HOME: home,
    DEVICE_SERVICE_PORT: String(device),
    WORKFLOW_SERVICE_PORT: String(workflow),
    HUB_SERVICE_PORT: String(hub),
    LIMITS_STORE: 'off',
    ...more,
  };
  const ports = { device, workflow, hub };
  const lab = labwright(env, 'up');
  await lab.wrote(/Ctrl-C stops everything/);
  return {
    env,
    process: lab,
    ask: async (service, method, path, body) => {
      const response = await fetch(`http://127.0.0.1:${ports[service]}${path}`, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
      return text === '' ? {} : JSON.parse(text);
    },
    stop: () => lab.kill('SIGINT'),
  };
}

/** Should a test fail half-way, its PostgreSQL may still run: it is ours, by the pid in its own folder. */
export function endPostgres(home: string): void {
  for (const folder of ['postgres', '.restoring/postgres']) {
    const file = join(home, folder, 'data', 'postmaster.pid');
    if (!existsSync(file)) continue;
    try {
      process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGINT');
    } catch {
      // It has ended already.
    }
  }
}

/** Uploads these bytes, and answers the id of the file once it was checked. */
export async function uploadFile(lab: RunningLab, content: Buffer): Promise<string> {
  const upload = await lab.ask('hub', 'POST', '/uploads', {
    name: `${randomUUID()}.bin`,
    content_type: 'application/octet-stream',
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    results: 'none',
  });
  const { url, fields } = upload.upload as { url: string; fields: Record<string, string> };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(content)]));
  const sent = await fetch(new URL(url, `http://127.0.0.1:${lab.env.HUB_SERVICE_PORT}`), {
    method: 'POST',
    body: form,
  });
  assert.ok(sent.ok, await sent.text());
  return (upload.file as Json).id as string;
}

/** The bytes that the laboratory serves for a file. */
export async function download(lab: RunningLab, id: string): Promise<Buffer> {
  const { url } = await lab.ask('hub', 'POST', `/files/${id}/links`, {});
  const response = await fetch(new URL(String(url), `http://127.0.0.1:${lab.env.HUB_SERVICE_PORT}`));
  assert.ok(response.ok, `${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
