import { randomBytes, randomUUID } from 'node:crypto';
import type { Db } from '@labwright/kernel/db';
import { Problem } from '@labwright/kernel/errors';
import type { Log } from '@labwright/kernel/log';
import { APIError } from 'better-auth/api';
import { betterAuth } from 'better-auth/minimal';
import type { Hasher } from '../passwords/hasher.ts';
import { databaseAdapter } from './adapter.ts';

/**
 * Whether address and password are right. Makes a session in state `new`, which opens nothing yet, and answers its token; null where
 * they are wrong, after the same time whether the account exists or not. Throws `overloaded`.
 */
export type PasswordCheck = (email: string, password: string) => Promise<{ token: string } | null>;

/**
 * better-auth looks up who signs in and checks the password. Its routes are not served and its cookies reach nobody: sessions, tokens and
 * second factor are ours, see docs/adr/0020.
 */
export function passwordCheck({ db, hasher, log }: { db: Db; hasher: Hasher; log: Log }): PasswordCheck {
  const auth = betterAuth({
    baseURL: 'http://hub-service.invalid',
    // Signs cookies that are thrown away.
    secret: randomBytes(32).toString('base64'),
    database: databaseAdapter(db),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { level: 'error', log: (level, message) => log.debug({ level }, `better-auth: ${message}`) },
    advanced: { database: { generateId: () => randomUUID() } },
    user: {
      modelName: 'users',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    session: {
      modelName: 'sessions',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
      // Seconds, for as long as it is `new`.
      expiresIn: 600,
    },
    account: {
      modelName: 'credentials',
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      maxPasswordLength: 256,
      password: {
        hash: (password) => hasher.hash(password),
        verify: ({ hash, password }) => hasher.verify(password, hash),
      },
    },
  });
  return async (email, password) => {
    try {
      const { token } = await auth.api.signInEmail({ body: { email, password } });
      return { token };
    } catch (error) {
      if (error instanceof APIError && [400, 401].includes(error.statusCode)) return null;
      if (error instanceof APIError && error.cause instanceof Problem) throw error.cause;
      throw error;
    }
  };
}
