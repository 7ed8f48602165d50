import type { Subject } from '@labwright/contract-hub/links';
import { pagePolicy } from '../labels/sheets.ts';
import { escapeXml } from '../labels/svg.ts';
import type { Found } from './subject-source.ts';

const style =
  'body{font:1.1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:32rem;padding:1rem;color:#1a202c;background:#fff}' +
  'h1{font-size:1.6rem;margin:0;overflow-wrap:anywhere}.kind{color:#586069;margin:0}' +
  'dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:#586069}dd{margin:0;overflow-wrap:anywhere}';

const sentences = {
  unknown: 'The laboratory knows none with this label: it was never added, or it was deleted.',
  refused: 'You may not see more than its name.',
  away: 'What is known of it cannot be had at the moment. Try again shortly.',
};

/** What a phone shows that has read a label. */
export function subjectPage({ kind, id }: Subject, found: Found): { html: string; policy: string } {
  const rest =
    typeof found === 'string'
      ? `<p>${sentences[found]}</p>`
      : `<dl>${found.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`).join('')}</dl>`;
  return {
    html:
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
      `<title>${escapeXml(id)}</title><style>${style}</style></head><body><p class="kind">${kind}</p><h1>${escapeXml(id)}</h1>${rest}</body></html>\n`,
    policy: pagePolicy(style),
  };
}
