import type { paths } from '@labwright/client/openapi/device-service';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { keptLive } from '../live/refresh.ts';
import { fromDevices } from './services.ts';

type Page = paths['/overview']['get']['responses'][200]['content']['application/json'];

/** A device with its holder, what it does, and when it will be free. */
export type Device = Page['devices'][number];

const overview = keptLive(fromDevices.pages('/overview', { params: { query: { limit: 100 } } }), 'lab');

/** All devices, live. A laboratory has some hundreds at most, so every page is read. */
export function useDevices() {
  const query = useInfiniteQuery(overview);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  // The same list as long as nothing has changed, and the same device in it as long as it has not.
  const pages = query.data?.pages;
  const devices = useMemo(() => pages?.flatMap((page) => page.devices) ?? [], [pages]);
  return { query, devices };
}
