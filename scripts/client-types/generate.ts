import { fileURLToPath } from 'node:url';
import openapiTS, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript';
import { openLab } from '../../apps/labwright/security/testing/lab.ts';

/** Where the types of a service are kept. */
export const fileOf = (service: string) =>
  fileURLToPath(new URL(`../../sdk/typescript/generated/${service}.ts`, import.meta.url));

/** The types of every service by its name, made from the reference that the service itself gives out. */
export async function generateTypes(): Promise<Map<string, string>> {
  const lab = await openLab();
  try {
    const types = new Map<string, string>();
    for (const { name, server } of lab.services) {
      const document: OpenAPI3 = (await server.app.inject('/openapi.json')).json();
      // A body may leave out what has a default: only the server fills it in.
      const nodes = await openapiTS(document, { defaultNonNullable: false });
      types.set(name, `${COMMENT_HEADER}${astToString(nodes)}`);
    }
    return types;
  } finally {
    await lab.close();
  }
}
