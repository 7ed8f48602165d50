import { toProblem } from './problems.ts';

/** Milliseconds that a check may take: whoever probes does not wait much longer either. */
const patienceMs = 3_000;

/**
 * Asks every check at once, and answers `ok` or what is wrong, by name. What hangs is not ready; it is asked once however many probes come meanwhile,
 * so that they do not take the last connections of a service that waits for its database.
 */
export function readinessOf(
  checks: Readonly<Record<string, () => Promise<void>>>,
): () => Promise<Record<string, string>> {
  const underWay = new Map<string, Promise<string>>();
  const outcomeOf = (name: string, check: () => Promise<void>): Promise<string> => {
    const begun = underWay.get(name);
    if (begun) return begun;
    const asked = check()
      .then(
        () => 'ok',
        (error) => toProblem(error).message,
      )
      .finally(() => underWay.delete(name));
    underWay.set(name, asked);
    return asked;
  };
  return async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await inTime(outcomeOf(name, check))]),
      ),
    );
}

async function inTime(outcome: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, patienceMs, `It did not answer within ${patienceMs / 1_000} s.`);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}
