import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../finding.ts';

const web = fileURLToPath(new URL('../../../web', import.meta.url));

/** Whether the pages are built that the hub serves. */
export async function checkWeb(_: unknown, folder = web): Promise<Finding[]> {
  if (!existsSync(`${folder}/package.json`) || existsSync(`${folder}/dist/index.html`)) return [];
  return [
    {
      code: 'web_not_built',
      severity: 'warning',
      title: 'The web UI is not built: http://localhost:5000/ shows nothing.',
      evidence: [`${folder}/dist/index.html is not there`],
      remedy: 'npm run build -w @labwright/web, or npm start, which builds it',
    },
  ];
}
