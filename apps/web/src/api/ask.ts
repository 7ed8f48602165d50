import { problemOf } from './problem.ts';

/** What a call of `openapi-fetch` answered; throws the `ApiProblem` where it did not work. */
export async function ask<T>(call: Promise<{ data?: T; response: Response; error?: unknown }>): Promise<T> {
  const { data, response, error } = await call;
  // The body was read already, so the problem is made of what it was parsed to.
  if (!response.ok) throw await problemOf(withBody(response, error));
  return data as T;
}

const withBody = (response: Response, error: unknown) =>
  new Response(typeof error === 'string' ? error : JSON.stringify(error ?? {}), {
    status: response.status,
    headers: response.headers,
  });
