import { type ComponentType, lazy } from 'react';

/**
 * A script that is loaded when it is first needed:
 *
 *     import ──it is there──► done
 *            ──fails──► does the laboratory answer? ──no──► once it does, it is tried again: what is open stays open
 *                                                   ──yes──► the pages were built anew and this script is gone: the newest are loaded
 */
export async function patiently<Module>(load: () => Promise<Module>): Promise<Module> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await answers()) {
        reload();
        throw error;
      }
      await untilItAnswers();
    }
  }
}

/** A part of a page with a script of its own, whose module exports the component as default. */
export const lazyPart = <Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) =>
  lazy(() => patiently(load));

const everyMs = 2_000;

async function answers(): Promise<boolean> {
  try {
    await fetch('/ui/static/favicon.svg', { method: 'HEAD', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

let waiting: Promise<void> | undefined;

/** One question at a time, however many scripts wait for the answer. */
function untilItAnswers(): Promise<void> {
  waiting ??= (async () => {
    do await new Promise((resolve) => setTimeout(resolve, everyMs));
    while (!(await answers()));
    waiting = undefined;
  })();
  return waiting;
}

const reloadedAt = 'labwright.reloaded-at';

/** Once a minute at most, so that a script which is really missing does not reload for ever. */
function reload(): void {
  const before = Number(sessionStorage.getItem(reloadedAt) ?? 0);
  if (Date.now() - before < 60_000) return;
  sessionStorage.setItem(reloadedAt, String(Date.now()));
  location.reload();
}
