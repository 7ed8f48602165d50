import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { sessionQuery } from '../api/session.ts';
import { LiveProvider } from '../live/live.tsx';
import { lazyPart } from '../load.ts';
import { Failed } from '../ui/failed.tsx';
import { Shell } from './shell.tsx';

const SignIn = lazyPart(() => import('../pages/sign-in/sign-in-page.tsx'));

/** Whoever is not signed in signs in right here, and then sees what they came for: the address stays. */
export function Root() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (!session)
    return (
      <Center component="main" mih="60vh" p="md">
        {error ? <Failed error={error} retry={refetch} /> : <Loader aria-label="Loading" />}
      </Center>
    );
  if (session.kind === 'nobody')
    return (
      <Suspense>
        <SignIn needsSetup={session.needsSetup} signInUrl={session.signInUrl} />
      </Suspense>
    );
  return (
    <LiveProvider key={session.id} person={session.id}>
      <Shell />
    </LiveProvider>
  );
}
