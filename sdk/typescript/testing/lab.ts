import { openLab } from 'labwright/testing/lab';
import { type Client, type ClientOptions, createClient } from '../index.ts';

export interface ClientLab {
  readonly urls: { hub: string; deviceService: string; workflowService: string };
  /** Whoever sits at this machine. */
  readonly client: Client;
  /** The same laboratory by other ways. */
  clientVia(options: ClientOptions): Client;
  /** A device that nobody else uses. */
  addDevice(): Promise<string>;
  close(): Promise<void>;
}

/** The three services on ports of their own, with the demo laboratory. */
export async function openClientLab(): Promise<ClientLab> {
  const lab = await openLab();
  const urlOf = (wanted: string) => lab.services.find(({ name }) => name === wanted)?.url ?? '';
  const urls = {
    hub: urlOf('hub-service'),
    deviceService: urlOf('device-service'),
    workflowService: urlOf('workflow-service'),
  };
  const clientVia = (options: ClientOptions) => createClient({ ...urls, ...options });
  const client = clientVia({});
  let devices = 0;
  return {
    urls,
    client,
    clientVia,
    addDevice: async () => {
      devices += 1;
      const id = `sdk-${devices}`;
      await client.devices.create({ id, name: id, type: 'liquid_handler', settings: { speed: 1_000 } });
      return id;
    },
    close: () => lab.close(),
  };
}
