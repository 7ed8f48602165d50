/** What a token may be for; `write` has `read` in it. */
export const scopeChoices = [
  'devices',
  'workflows',
  'tasks',
  'notifications',
  'chat',
  'files',
  'links',
  'audit',
].flatMap((domain) => (domain === 'audit' ? ['audit:read'] : [`${domain}:read`, `${domain}:write`]));
