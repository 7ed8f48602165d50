/** One page of a list, and what the next one is asked for with; null at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
}

/**
 * A list that is read as far as somebody reads it. Rows that are added meanwhile come or do not come, but none of those that
 * were there is missed or comes twice: pages go on from a row, not from a number.
 *
 *     for await (const device of lab.devices.list({ status: 'available' })) …
 */
export interface Pages<Row> extends AsyncIterable<Row> {
  /** Page by page; go on later with `list({ cursor: page.next_cursor })`. */
  byPage(): AsyncIterable<Page<Row>>;
  /** The first page alone. */
  firstPage(): Promise<Page<Row>>;
  /** All rows, at most so many. */
  toArray(most?: number): Promise<Row[]>;
}

/** `read`: the page after a cursor; the first one without. */
export function pages<Row>(
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
  options: { cursor?: string | undefined; signal?: AbortSignal | undefined } = {},
): Pages<Row> {
  /**
   * `ahead`: from the third page on the next one is asked for while this one is worked through. Most readers stop before, and
   * for them nothing was read in vain.
   */
  async function* walk(ahead: boolean): AsyncGenerator<Page<Row>, void, undefined> {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    let coming: Promise<Page<Row>> | undefined;
    try {
      coming = read(options.cursor, signal);
      for (let number = 1; coming; number += 1) {
        const page: Page<Row> = await coming;
        const { next_cursor: next } = page;
        coming = undefined;
        if (ahead && next !== null && number >= 2) {
          coming = read(next, signal);
          // It is thrown where the page is wanted, and not before.
          coming.catch(() => {});
        }
        yield page;
        if (next !== null) coming ??= read(next, signal);
      }
    } finally {
      left.abort(new Error('The list was left'));
    }
  }

  async function* rows() {
    for await (const page of walk(true)) yield* page.rows;
  }

  return {
    [Symbol.asyncIterator]: () => rows(),
    byPage: () => walk(false),
    firstPage: () => read(options.cursor, options.signal ?? new AbortController().signal),
    toArray: async (most = Number.POSITIVE_INFINITY) => {
      const found: Row[] = [];
      if (most <= 0) return found;
      for await (const row of rows()) if (found.push(row) >= most) break;
      return found;
    },
  };
}
