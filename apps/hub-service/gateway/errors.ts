import { errorCatalogue } from '@labwright/kernel/errors';

export const gatewayErrors = errorCatalogue({
  service_away: {
    status: 503,
    title: 'Another service of this laboratory does not answer',
    remedy: 'Try again after Retry-After; if it stays so, see whether that service runs.',
  },
  service_silent: {
    status: 504,
    title: 'Another service of this laboratory took the request and did not answer',
    remedy: 'Look whether it was done, or send it again with the same Idempotency-Key.',
  },
});
