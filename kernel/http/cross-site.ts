import { commonErrors } from '../errors.ts';

interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Throws where a page of another site made a browser send this request: the browser adds what vouches for its user (a cookie, the
 * very machine), and the page would act in that name. Browsers tell by `Sec-Fetch-Site` and `Origin`, which no page can set; a program sends neither.
 * What carries a token in `Authorization` needs no such protection: a page of another site has none to send. Only a token: what a browser adds there by
 * itself (`Basic`, of whatever was served at this address before) vouches for nothing.
 *
 * Following a link from elsewhere (`GET`, a navigation) is let through: it changes nothing, and that page can't read the answer.
 * Opening a WebSocket is not: its answers could be read.
 */
export function refuseCrossSite({ method, headers }: Asked): void {
  if (typeof headers.authorization === 'string' && /^Bearer /i.test(headers.authorization)) return;
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode, upgrade } = headers;
  if (origin === undefined && site === undefined) return;
  if (site === 'same-origin' || site === 'none') return;
  if (typeof origin === 'string' && sameHost(origin, headers.host)) return;
  const reading = (method === 'GET' || method === 'HEAD') && upgrade === undefined;
  if (reading && origin === undefined && mode === 'navigate') return;
  throw commonErrors.problem(
    'cross_site_request',
    `A page of ${origin ?? 'another site'} made this request; nothing was done. Open the page of the laboratory itself.`,
  );
}

/** The scheme is left out: behind a proxy that ends TLS the page is https and the request is http. */
function sameHost(origin: string, host: string | string[] | undefined): boolean {
  return URL.canParse(origin) && typeof host === 'string' && new URL(origin).host === host.toLowerCase();
}
