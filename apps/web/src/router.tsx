import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Root } from './layout/root.tsx';
import { patiently } from './load.ts';
import { parseSearch, stringifySearch } from './search-text.ts';
import { PageBroke } from './ui/boundary.tsx';
import { LoadingRows } from './ui/loading.tsx';
import { NotFound } from './ui/not-found.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

/** A page with its own script, loaded when somebody goes there. Its module exports the component as default. */
const page = <const Path extends string>(path: Path, load: () => Promise<{ default: ComponentType }>) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(() => patiently(load)) });

/** Every page: one line each. */
const routeTree = root.addChildren([
  page('/', () => import('./pages/lab/lab-page.tsx')),
  page('/jobs', () => import('./pages/jobs/jobs-page.tsx')),
  page('/jobs/$service/$id', () => import('./pages/jobs/job-page.tsx')),
  page('/logs', () => import('./pages/logs/logs-page.tsx')),
  page('/audit', () => import('./pages/audit/audit-page.tsx')),
  page('/people', () => import('./pages/people/people-page.tsx')),
  page('/account', () => import('./pages/account/account-page.tsx')),
  page('/timeline', () => import('./pages/timeline/timeline-page.tsx')),
  page('/workflows', () => import('./pages/workflows/workflows-page.tsx')),
  page('/workflows/new', () => import('./pages/new-workflow/new-workflow-page.tsx')),
  page('/queue', () => import('./pages/queue/queue-page.tsx')),
  page('/queue/$device', () => import('./pages/queue/device-queue-page.tsx')),
  page('/workflows/$id', () => import('./pages/workflows/workflow-page.tsx')),
  page('/chat', () => import('./pages/chat/chat-page.tsx')),
  page('/notifications', () => import('./pages/notifications/notifications-page.tsx')),
  page('/files', () => import('./pages/files/files-page.tsx')),
  page('/samples', () => import('./pages/samples/samples-page.tsx')),
  page('/samples/$barcode', () => import('./pages/samples/sample-page.tsx')),
  page('/import', () => import('./pages/samples/import-page.tsx')),
  page('/plates', () => import('./pages/samples/plates-page.tsx')),
  page('/plates/$id', () => import('./pages/samples/plate-page.tsx')),
  page('/tasks', () => import('./pages/tasks/tasks-page.tsx')),
  page('/tasks/new', () => import('./pages/tasks/new-task-page.tsx')),
  page('/tasks/$id', () => import('./pages/tasks/task-page.tsx')),
]);

export const router = createRouter({
  routeTree,
  basepath: '/ui',
  parseSearch,
  stringifySearch,
  // Pointing at a link begins to load what it leads to.
  defaultPreload: 'intent',
  defaultPendingComponent: () => <LoadingRows what="the page" />,
  defaultErrorComponent: PageBroke,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
