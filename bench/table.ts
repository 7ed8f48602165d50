import type { Finding, Unit } from './findings.ts';

/** The findings as a Markdown table. */
export function table(findings: readonly Finding[]): string {
  const head = ['', 'what was measured', 'ours', 'beside it', 'ratio (least – most)', 'target', 'holds'];
  const lines = findings.map((finding) => [
    `\`${finding.scenario}\``,
    finding.what,
    amount(finding.ours, finding.unit),
    finding.beside ? `${amount(finding.beside.value, finding.unit)} ${finding.beside.what}` : '–',
    finding.ratio === null ? '–' : `**${digits(finding.ratio)}**${spread(finding)}`,
    finding.target?.text ?? '–',
    finding.target ? (finding.target.holds ? 'yes' : '**no**') : '–',
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function spread({ spread: range }: Finding): string {
  return range ? ` (${digits(range[0])} – ${digits(range[1])})` : '';
}

function amount(value: number, unit: Unit): string {
  return unit === '/s' ? `${digits(value)}/s` : `${digits(value)} ${unit}`;
}

/** Three significant digits, no fraction above a hundred: more would claim what was not measured. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(rounded);
}
