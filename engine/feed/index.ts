import type { MigrationSet } from '@labwright/kernel/migrate';

export { beginFeedEpoch, defineFeed, type FeedPage, type FeedTable } from './events.ts';
export { createFeed, type Feed } from './waiting.ts';

/** What the numbers of events are made with: before those of the service that has a feed. */
export const feedMigrations: MigrationSet = {
  name: 'feed',
  folder: new URL('./migrations', import.meta.url).pathname,
};
