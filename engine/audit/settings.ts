import { oneOf, type Setting } from '@labwright/kernel/config';
import { type AuditRules, reasonPolicies } from './trail/rules.ts';

/** Actions by their names, with commas between them. */
const actions: Setting<readonly string[]> = {
  doc: 'sensitive actions that need an electronic signature, with commas between them (operation.abort, booking.override, …); *: all of them',
  fallback: 'none',
  optional: false,
  parse: (value) => {
    if (value === 'none') return [];
    const names = value.split(',').map((name) => name.trim());
    const wrong = names.find((name) => name !== '*' && !/^[a-z_]+\.[a-z_]+$/.test(name));
    if (wrong !== undefined) throw new Error(`names actions as thing.verb, not "${wrong}"`);
    return names;
  },
};

export const auditSettings = {
  REQUIRE_REASON: oneOf(reasonPolicies, {
    doc: 'who has to say why before something sensitive: accounts (people and tokens), always (whoever sits at a laboratory without accounts too), never',
    fallback: 'accounts',
  }),
  REQUIRE_SIGNATURE: actions,
};

export interface AuditConfig {
  readonly REQUIRE_REASON: AuditRules['reasons'];
  readonly REQUIRE_SIGNATURE: readonly string[];
}

/** `verify` checks statements of signatures; without it nobody can sign. */
export const auditRules = (config: AuditConfig, verify?: AuditRules['verify']): AuditRules => ({
  reasons: config.REQUIRE_REASON,
  signatures: config.REQUIRE_SIGNATURE,
  verify,
});
