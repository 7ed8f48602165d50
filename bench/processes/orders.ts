/** The side of a measured process: carries out what it is told, and answers. Ends with the process that measures. */
export function answerOrders<Order>(carryOut: (order: Order) => Promise<unknown>): void {
  process.on('message', ({ id, order }: { id: number; order: Order }) => {
    carryOut(order).then(
      (answer) => process.send?.({ id, answer }),
      (error) => process.send?.({ id, fault: String(error?.stack ?? error) }),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ id: ready, answer: null });
}

/** The number of the answer that is given unasked: the process is ready. */
export const ready = 0;

/** Nanoseconds of a clock that all processes of a machine share. */
export const sharedClock = (): number => Number(process.hrtime.bigint());
