import { fileURLToPath } from 'node:url';
import { type Accounts, type AccountsOptions, accountsMigrations, createAccounts } from '@labwright/accounts';
import { auditMigrations, createAudit } from '@labwright/audit';
import { chatMigrations, createChat, postgresBackplane, redisBackplane } from '@labwright/chat';
import type { DevicesApi } from '@labwright/contract-devices';
import { checkIdentity } from '@labwright/contract-hub/identity/check-identity';
import type { Vouch } from '@labwright/contract-hub/identity/vouching';
import type { WorkflowsApi } from '@labwright/contract-workflows';
import { createFiles, filesMigrations } from '@labwright/files';
import type { FileSettings } from '@labwright/files/settings';
import { createJobs, engineMigrations } from '@labwright/jobs/http';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import { type Identity, trustThisMachine } from '@labwright/kernel/identity';
import type { Log } from '@labwright/kernel/log';
import type { InNetworks } from '@labwright/kernel/networks';
import { type HostedService, hostService, type ServiceDeps } from '@labwright/kernel/service';
import { type LimitSettings, loadLimits } from '@labwright/limits/http';
import { limitsMigrations } from '@labwright/limits/postgres';
import { createLinks, linksMigrations, type SubjectUrls } from '@labwright/links';
import { createNotifications, notificationsMigrations } from '@labwright/notifications';
import { type NotifySettings, notifyOptions } from '@labwright/notifications/settings';
import { createTasks, tasksMigrations } from '@labwright/tasks';
import { filesOriginOf, openFileStore } from './files.ts';
import { createGateway } from './gateway/gateway.ts';
import { createHub, type HubService } from './hub.ts';
import { createWebPages } from './web/pages.ts';

export interface HubServiceOptions {
  databaseUrl: string;
  host: string;
  /** Proxies that are believed when they say for whom they ask. Default: none. */
  trustedProxies?: InNetworks | undefined;
  port: number;
  log: Log;
  /** Where files are kept. */
  files: FileSettings;
  /** How requests are counted and limited. Default: in memory, as the settings have it where nobody set them. */
  limits?: LimitSettings;
  /** How several processes of the hub tell one another what happens. Default: by their database. */
  redisUrl?: string;
  /** Where people reach the hub: what the QR codes of labels hold, and links in messages. Default: what each request was addressed to, and this machine. */
  publicUrl?: string | undefined;
  /** Where the other services answer: browsers reach them through here, and the pages that labels open have their facts from them. */
  subjects?: SubjectUrls;
  /** Tells these services for whom the hub asks them. Without it they count all requests that come this way as the hub's. */
  vouch?: Vouch | undefined;
  /** Encrypts what the database keeps of keys and second factors; the same in all processes of one database. */
  secretKey: Buffer;
  /** See `AccountsOptions`. */
  signInsPerSecond?: number | undefined;
  /** People and machines sign in. Without it whoever sits at this machine is trusted, which is then the only one that can ask. */
  accounts?: {
    setup: NonNullable<AccountsOptions['setup']>;
    /** By which the other services are known. */
    serviceTokens: readonly string[];
  };
  /** Who asks, where somebody else than the accounts tells. */
  identity?: Identity;
  /** How people are told. Default: mail is kept in a table, and nothing is sent to private addresses. */
  notify?: NotifySettings;
  /** Whose events people are told of: the object in the same process, or the HTTP client. Without it nobody hears of them. */
  devices?: Pick<DevicesApi, 'events'>;
  workflows?: Pick<WorkflowsApi, 'events'>;
  /** Where the pages of the web UI lie. Default: where they are built. */
  webFolder?: string;
}

const builtPages = fileURLToPath(new URL('../web/dist', import.meta.url));

/** hub-service with all its domains, migrated and ready to start. */
export async function hostHubService(options: HubServiceOptions): Promise<HostedService<HubService>> {
  const store = await openFileStore(options.files);
  const limits = await loadLimits(options.limits);
  const notify = await notifyOptions(options.notify);
  return hostService({
    name: 'hub-service',
    databaseUrl: options.databaseUrl,
    host: options.host,
    trustedProxies: options.trustedProxies,
    port: options.port,
    log: options.log,
    clock: systemClock,
    ...(options.accounts || options.identity ? { identity: mustKnow } : {}),
    accountsRemedy: 'Set LABWRIGHT_ACCOUNTS=1',
    migrations: [
      accountsMigrations,
      auditMigrations,
      chatMigrations,
      filesMigrations,
      ...engineMigrations,
      limitsMigrations,
      linksMigrations,
      notificationsMigrations,
      ...tasksMigrations,
    ],
    guard: limits.guard('hub-service'),
    build: (deps) => {
      const accounts = createAccounts(deps, {
        secretKey: options.secretKey,
        setup: options.accounts?.setup ?? null,
        publicUrl: options.publicUrl,
        signInsPerSecond: options.signInsPerSecond,
      });
      const own = options.accounts && identityOf(accounts, deps, options.accounts);
      const identity = options.identity ?? own;
      // Where nobody signs in there is the local user alone.
      const people = options.accounts ? { people: accounts.people } : {};
      const notifications = createNotifications(deps, {
        ...people,
        ...notify,
        publicUrl: options.publicUrl ?? `http://localhost:${options.port}`,
        devices: options.devices,
        workflows: options.workflows,
        live: { publish: (room, told) => chat.live.publish(room, told) },
      });
      const chat = createChat(deps, {
        ...people,
        announcer: notifications.announcer,
        authenticate: identity?.authenticate ?? trustThisMachine,
        limiter: limits.limiter(deps),
        ...(own ? { onRevoked: own.revocations.onRevoked } : {}),
        backplane: options.redisUrl
          ? redisBackplane(options.redisUrl, 'labwright:hub')
          : postgresBackplane(options.databaseUrl),
      });
      const tasks = createTasks(deps, {
        announcer: notifications.announcer,
        live: chat.live,
        ...people,
      });
      const files = createFiles(deps, { store, announcer: notifications.announcer });
      const links = createLinks(deps, {
        publicUrl: options.publicUrl,
        ...(options.subjects ? { subjects: options.subjects } : {}),
        vouch: options.vouch,
      });
      const gateway = createGateway({
        services: options.subjects ?? { devices: () => undefined, workflows: () => undefined },
        accounts: identity !== undefined,
        vouch: options.vouch,
      });
      const web = createWebPages({
        folder: options.webFolder ?? builtPages,
        filesOrigin: filesOriginOf(options.files),
      });
      // The audit trail first: it stops last, and seals what the others have done.
      const modules = [
        createAudit(deps),
        createJobs(deps),
        accounts,
        chat,
        files,
        links,
        notifications,
        tasks,
        gateway,
        web,
      ];
      return {
        ...createHub(deps, { modules, transport: postgresTransport }),
        accounts,
        identity,
        tasks: tasks.api,
      };
    },
  });
}

/** In one process with the accounts there is nobody to be away. */
const identityOf = (
  accounts: Accounts,
  { clock, log }: ServiceDeps,
  { serviceTokens }: { serviceTokens: readonly string[] },
): ReturnType<typeof checkIdentity> => checkIdentity({ hub: accounts.identity, clock, log, serviceTokens });

function mustKnow({ identity }: HubService): Identity {
  if (!identity) throw new Error('Nobody knows who asks');
  return identity;
}
