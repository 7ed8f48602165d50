/** Progress on standard error: a bar that redraws itself on a terminal, a line each tenth elsewhere. */
export function progressBar(what: string, total: number): { update(done: number): void; end(): void } {
  const out = process.stderr;
  const startedAt = performance.now();
  let told = -1;
  const draw = (done: number) => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const seconds = (performance.now() - startedAt) / 1000;
    const left = share > 0.02 ? `, ${Math.ceil((seconds / share) * (1 - share))} s left` : '';
    const text = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${what}${left}`;
    if (out.isTTY) {
      const filled = Math.round(share * 30);
      out.write(`\r[${'#'.repeat(filled)}${'-'.repeat(30 - filled)}] ${text}\x1b[K`);
    } else if (Math.floor(share * 10) > told) {
      told = Math.floor(share * 10);
      out.write(`${text}\n`);
    }
  };
  return {
    update: draw,
    end: () => {
      draw(total);
      if (out.isTTY) out.write('\n');
    },
  };
}
