import type { ServiceDeps } from '@labwright/kernel/service';

/** What the parts of this domain share. */
export interface LinksDeps extends ServiceDeps {
  /** Makes a code that nobody has. */
  readonly nextCode: () => Promise<string>;
  /** Where people reach this service, without a slash at its end; undefined: where the request came to. */
  readonly publicUrl: string | undefined;
}
