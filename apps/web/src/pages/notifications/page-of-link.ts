/** The page that a notification leads to, below `/ui`; undefined where there is none. */
export function pageOfLink(link: string | null): { to: string; search: Record<string, string> } | undefined {
  if (link === null) return undefined;
  const room = /^\/chat\/rooms\/([^/]+)(?:\/|$)/.exec(link)?.[1];
  if (room) return { to: '/chat', search: { room: decodeURIComponent(room) } };
  const device = /^\/devices\/([^/]+)$/.exec(link)?.[1];
  if (device) return { to: '/', search: { q: decodeURIComponent(device) } };
  return /^\/(tasks|workflows)\/[^/]+$/.test(link) ? { to: link, search: {} } : undefined;
}
