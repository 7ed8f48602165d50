import type { Caller, CallOptions } from '../http/call.ts';
import type { QueryOf, ServiceName } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { AuditEntry, AuditHead } from '../types.ts';

/** Who did what, and why. Each service has a chain of its own. */
export function auditOf({ call }: Caller) {
  const read = (service: ServiceName, query: QueryOf<'hub-service', '/audit'>, options: CallOptions) => {
    // The same route in each; the types of three cannot be called as one.
    if (service === 'device-service') return call(service, 'GET', '/audit', { query, ...options });
    if (service === 'workflow-service') return call(service, 'GET', '/audit', { query, ...options });
    return call(service, 'GET', '/audit', { query, ...options });
  };
  const head = (service: ServiceName, options: CallOptions = {}): Promise<AuditHead> => {
    if (service === 'device-service') return call(service, 'GET', '/audit/head', options);
    if (service === 'workflow-service') return call(service, 'GET', '/audit/head', options);
    return call(service, 'GET', '/audit/head', options);
  };
  return {
    /** Newest first. */
    list: (service: ServiceName, filter: QueryOf<'hub-service', '/audit'> = {}, options: CallOptions = {}) =>
      pages<AuditEntry>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await read(service, query, { ...options, signal });
        return { rows: page.entries, next_cursor: page.next_cursor };
      }, options),

    /** Where the chain stands: keep `head` elsewhere, and `labwright audit verify --head` shows that nothing before it was changed. */
    head,
  };
}
