import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask } from './ask.ts';
import { isProblem } from './problem.ts';
import { hub } from './services.ts';

export const roles = ['viewer', 'scientist', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who looks at these pages. `local`: a laboratory without accounts trusts whoever sits at its machine. */
export type Session =
  | { readonly kind: 'person'; readonly id: string; readonly name: string; readonly role: Role }
  | { readonly kind: 'local'; readonly id: 'local'; readonly name: string; readonly role: 'admin' }
  | {
      readonly kind: 'nobody';
      readonly needsSetup: boolean;
      /** Where people sign in over https, where that is known. */
      readonly signInUrl: string | null;
    };

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: findSession,
  staleTime: Number.POSITIVE_INFINITY,
});

export async function findSession(): Promise<Session> {
  try {
    const { kind, id, name, role } = await ask(hub.GET('/session'));
    return kind === 'local'
      ? { kind: 'local', id: 'local', name: 'This machine', role: 'admin' }
      : { kind: 'person', id, name, role };
  } catch (error) {
    if (!isProblem(error) || error.status !== 401) throw error;
    const { needed, sign_in_url: signInUrl } = await ask(hub.GET('/setup'));
    return { kind: 'nobody', needsSetup: needed, signInUrl };
  }
}

/** Whoever is signed in; within the pages there is always somebody. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  return data ?? { kind: 'nobody', needsSetup: false, signInUrl: null };
}

/** True where whoever is signed in has at least this role. The services decide; this hides what they would refuse. */
export function useMay(wanted: Role): boolean {
  const session = useSession();
  return session.kind !== 'nobody' && roles.indexOf(session.role) >= roles.indexOf(wanted);
}
