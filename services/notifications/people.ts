import type { PeopleApi, Person } from '@labwright/contract-hub/people';
import { localPrincipal } from '@labwright/kernel/identity';

const local: Person = {
  id: localPrincipal.id,
  name: localPrincipal.name,
  email: null,
  role: localPrincipal.role,
  locked: false,
};

/** Whoever sits at this machine has an inbox too, where a laboratory has no accounts. */
export function withLocal(people: PeopleApi | undefined): PeopleApi {
  return {
    find: async (ids) => {
      const found = people ? await people.find(ids) : [];
      return ids.includes(local.id) ? [...found, local] : found;
    },
    page: async (after, limit) => (people ? people.page(after, limit) : []),
  };
}
