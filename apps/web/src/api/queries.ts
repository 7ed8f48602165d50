import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Client, FetchResponse, MaybeOptionalInit } from 'openapi-fetch';
import type { PathsWithMethod, RequiredKeysOf } from 'openapi-typescript-helpers';
import { ask } from './ask.ts';

type Media = `${string}/${string}`;
/** What a `GET` of this path takes; and what it answers, when asked so. */
type Init<Paths, Path extends keyof Paths> = MaybeOptionalInit<
  Paths[Path] & object,
  'get' & keyof Paths[Path]
>;
type Answer<Paths, Path extends keyof Paths, Given> = NonNullable<
  FetchResponse<
    Paths[Path]['get' & keyof Paths[Path]] & Record<string | number, unknown>,
    Given,
    Media
  >['data']
>;
/** May be left out where nothing in it is needed. */
type Rest<Given> = RequiredKeysOf<Given & object> extends never ? [Given?] : [Given];

/**
 * What is read from a service, typed by its reference. The key of a query is `[service, path, init]`; of a list in pages
 * `[service, path, init, 'pages']`.
 */
export function queriesOf<Paths extends object>(service: string, client: Client<Paths, Media>) {
  type Read = PathsWithMethod<Paths, 'get'>;
  const get = client.GET as unknown as (
    path: unknown,
    init: object,
  ) => Promise<{ data?: unknown; response: Response; error?: unknown }>;

  return {
    read: <Path extends Read, Given extends Init<Paths, Path>>(path: Path, ...[init]: Rest<Given>) =>
      queryOptions({
        queryKey: [service, path, init ?? {}] as const,
        queryFn: async ({ signal }) =>
          (await ask(get(path, { ...(init as object | undefined), signal }))) as Answer<Paths, Path, Given>,
      }),

    /** A list in keyset pages: `useInfiniteQuery(…)`; `DataTable` asks for the next one. */
    pages: <Path extends Read, Given extends Init<Paths, Path>>(path: Path, ...[init]: Rest<Given>) =>
      infiniteQueryOptions({
        queryKey: [service, path, init ?? {}, 'pages'] as const,
        queryFn: async ({ signal, pageParam }) =>
          (await ask(get(path, { ...withCursor(init, pageParam), signal }))) as Answer<Paths, Path, Given>,
        initialPageParam: undefined as string | undefined,
        getNextPageParam: (last) => (last as { next_cursor?: string | null }).next_cursor ?? undefined,
      }),
  };
}

interface WithQuery {
  readonly params?: { readonly query?: object };
}

function withCursor(init: unknown, cursor: string | undefined): object {
  const { params, ...rest } = (init ?? {}) as WithQuery;
  return { ...rest, params: { ...params, query: { ...params?.query, ...(cursor ? { cursor } : {}) } } };
}
