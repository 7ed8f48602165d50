import { Secret, TOTP } from 'otpauth';

/** RFC 6238 as every authenticator app reads it: SHA-1, six digits, 30 seconds. */
const period = 30;
/** Codes before and after the present one that are good too: clocks differ, and people type slowly. */
const window = 1;

const totp = (secret: Secret, label: string) =>
  new TOTP({ issuer: 'Labwright', label, secret, digits: 6, period, algorithm: 'SHA1' });

/** 160 random bits in base32, and the same as a URL that authenticators read from a QR code. */
export function newSecret(label: string): { secret: string; url: string } {
  const secret = new Secret({ size: 20 });
  return { secret: secret.base32, url: totp(secret, label).toString() };
}

/** The number of the 30 seconds that this code belongs to; undefined where it is wrong. */
export function stepOf(secret: string, code: string, now: number): number | undefined {
  const delta = totp(Secret.fromBase32(secret), '').validate({ token: code, timestamp: now, window });
  return delta === null ? undefined : Math.floor(now / 1_000 / period) + delta;
}
