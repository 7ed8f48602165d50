/** Where a link leads: a path of this laboratory (`host` is null), or a page of a host elsewhere. */
export interface Target {
  target: string;
  host: string | null;
}

/** Stands for this laboratory while a path is read. */
const here = 'http://laboratory.invalid';
/** White space and control characters, which browsers leave out, and the backslash, which they read as a slash. */
const hidden = /[\p{Cc}\p{Z}\ufeff\\]/u;
/** A name has at most 253 characters (RFC 1035), a port five. */
const longestHost = 260;
const ownLinks = /^\/s(\/|$)/;

/**
 * Reads a target as a browser will, and answers it in the form that browsers give it: what is checked is what they follow.
 * Whether the host may be led to is for others to say. Throws an `Error` whose message completes "body.target …".
 */
export function readTarget(text: string): Target {
  if (hidden.test(text)) throw new Error('must hold no white space, control character or backslash');
  if (text.startsWith('/')) return readPath(text);
  if (!URL.canParse(text)) throw new Error('must be a path that begins with "/", or a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`must be an http or https URL, not ${url.protocol}`);
  if (!/^https?:\/\//i.test(text)) throw new Error('must have // after its scheme');
  if (url.username || url.password) throw new Error('must hold no user name or password');
  return { target: url.href, host: url.host };
}

function readPath(text: string): Target {
  const url = URL.canParse(text, here) ? new URL(text, here) : undefined;
  // `//elsewhere.example` and `/.//elsewhere.example` leave the laboratory, the latter once it was written down.
  if (!url || url.origin !== here || text.startsWith('//') || url.pathname.startsWith('//'))
    throw new Error('must be a path that stays in this laboratory: one "/" at its beginning');
  if (ownLinks.test(url.pathname)) throw new Error('must not lead to another link');
  return { target: url.href.slice(here.length), host: null };
}

/** The form in which a host is kept and compared; undefined where it is none. */
export function readHost(text: string): string | undefined {
  if (hidden.test(text) || /[/?#@%]/.test(text) || !URL.canParse(`https://${text}`)) return undefined;
  // With the usual port of either scheme it is the same host as without.
  const [host = ''] = [new URL(`https://${text}`).host, new URL(`http://${text}`).host].sort(
    (a, b) => a.length - b.length,
  );
  return host.length > longestHost ? undefined : host;
}
