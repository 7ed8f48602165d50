import { connectTo, hangUp } from './connection.ts';

// The driver has no code for either: the first is the broker's word about the user, the second what it says to a virtual host.
const wrongUser = /\b403 \(ACCESS.REFUSED\)/;
const wrongHost = /Expected ConnectionOpenOk; got <ConnectionClose/;

/**
 * Asks once, before anything is begun, whether the broker lets us in. Answers false where it is away, which passes. Throws a sentence
 * where it refuses: that does not pass, and a worker that tries for ever would look like one that has nothing to do.
 */
export async function askAdmission(url: string, name: string): Promise<boolean> {
  try {
    await hangUp(await connectTo(url, name));
    return true;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const { host, username, pathname } = new URL(url);
    if (wrongUser.test(said))
      throw new Error(
        `RabbitMQ at ${host} does not let "${decodeURIComponent(username || 'guest')}" in. Look at user and password of the broker's address.`,
        { cause: error },
      );
    if (wrongHost.test(said))
      throw new Error(
        `RabbitMQ at ${host} has no virtual host "${decodeURIComponent(pathname.slice(1)) || '/'}" for this user. Make it (rabbitmqctl add_vhost, ` +
          "set_permissions), or name another one at the end of the broker's address.",
        { cause: error },
      );
    return false;
  }
}
