import type { Vouch } from '@labwright/contract-hub/identity/vouching';
import { linkErrors } from '@labwright/contract-hub/links';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { codeAllocator } from './codes/allocate.ts';
import type { LinksDeps } from './deps.ts';
import { labelRoutes } from './labels/routes.ts';
import { linkRoutes } from './links/routes.ts';
import { httpSubjects, type SubjectUrls } from './pages/subject-source.ts';
import { createRedirects } from './redirects/redirects.ts';

export type { SubjectUrls } from './pages/subject-source.ts';

export const linksMigrations: MigrationSet = {
  name: 'links',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface LinksOptions {
  /** Where people reach this service, `https://lab.example.org`: what QR codes hold. Default: what each request was addressed to. */
  publicUrl?: string | undefined;
  /** Where the pages of samples, plates and devices have their facts from. */
  subjects?: SubjectUrls;
  /** Tells these services for whom they are asked. */
  vouch?: Vouch | undefined;
}

/** Short links, labels, and the pages that they open. The database needs `linksMigrations` and `auditMigrations`. */
export function createLinks(deps: ServiceDeps, options: LinksOptions = {}): Module {
  const own: LinksDeps = { ...deps, nextCode: codeAllocator(deps.db), publicUrl: options.publicUrl };
  const redirects = createRedirects(own);
  const source = httpSubjects(
    options.subjects ?? { devices: () => undefined, workflows: () => undefined },
    options.vouch,
  );
  return {
    name: 'links',
    errors: [linkErrors],
    routes: (app) => {
      linkRoutes(app, own, redirects);
      labelRoutes(app, own, source);
    },
    start: () => redirects.start(),
    stop: () => redirects.stop(),
  };
}
