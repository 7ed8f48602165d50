import { answerOrders } from '../orders.ts';

/** Answers after so many milliseconds with what it was told; fails or ends where it is told to. */
answerOrders(async ({ say, afterMs }: { say: string; afterMs: number }) => {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  if (say === 'fail') throw new Error('as it was told');
  if (say === 'end') process.exit(3);
  return say;
});
