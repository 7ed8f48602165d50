import { ask } from '../../api/ask.ts';
import { problemOf, unreachable } from '../../api/problem.ts';
import { hub } from '../../api/services.ts';

/**
 * Sends one file: a place is asked for, the bytes go there, and it is said that they are there. Throws an `ApiProblem`, also that of
 * the storage.
 */
export async function upload(file: File, workflowId: string): Promise<{ name: string }> {
  const made = await ask(
    hub.POST('/uploads', {
      body: {
        name: file.name,
        content_type: file.type || 'application/octet-stream',
        size: file.size,
        sha256: await sha256(file),
        workflow_id: workflowId,
      },
    }),
  );
  const form = new FormData();
  for (const [name, value] of Object.entries(made.upload.fields)) form.append(name, value);
  form.append('file', file);
  const response = await fetch(made.upload.url, { method: 'POST', body: form }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await problemOf(response);
  await ask(hub.POST('/uploads/{id}/complete', { params: { path: { id: made.file.id } } }));
  return { name: file.name };
}

async function sha256(file: File): Promise<string> {
  if (!globalThis.crypto.subtle)
    throw new Error('A browser sends files only over https, or on the machine of the laboratory itself.');
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
