import { isSecretName, withoutSecrets } from '@labwright/kernel/log-secrets';

/** What stands in place of a value that its name says is a secret. */
const instead = '…';
/** Bytes of JSON above which a value is not shown, only its size. */
const largest = 65_536;

export interface Shown {
  /** Null also where it is too large. */
  value: unknown;
  bytes: number;
  too_large: boolean;
}

/** Arguments and results for people to see: no value whose name says that it is a secret, no token or password by its form. */
export function shown(value: unknown): Shown {
  const text = JSON.stringify(value) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > largest) return { value: null, bytes, too_large: true };
  return { value: hide(value), bytes, too_large: false };
}

function hide(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return value.map(hide);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecretName(name) && inner !== null && typeof inner !== 'boolean' ? instead : hide(inner),
    ]),
  );
}
