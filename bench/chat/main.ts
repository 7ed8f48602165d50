import { answerOrders } from '../processes/orders.ts';
import { serveFloor, serveOurs } from './servers.ts';
import { openSockets, type Side, type Sockets } from './sockets.ts';

/** `main.ts serve ours|floor`: a server; `main.ts sockets NAME`: those who talk, each in a process of its own. */
export type Order =
  /** Answers the port. */
  | { do: 'port' }
  | { do: 'open'; side: Side; port: number; count: number }
  | { do: 'forget' }
  | { do: 'write'; count: number; atOnce: number }
  | { do: 'pace'; count: number; perSecond: number }
  | { do: 'read'; count: number }
  | { do: 'latencies' };

const [, , role, which = ''] = process.argv;

if (role === 'serve') {
  const port = which === 'ours' ? await serveOurs(process.env.BENCH_DATABASE_URL ?? '') : await serveFloor();
  answerOrders<Order>(async () => port);
} else {
  let sockets: Sockets | undefined;
  answerOrders<Order>(async (order) => {
    if (order.do === 'open') {
      sockets = await openSockets(order.side, order.port, order.count, `${which}-${order.side}`);
      return null;
    }
    if (!sockets) throw new Error('no sockets were opened');
    switch (order.do) {
      case 'forget':
        return sockets.forget();
      case 'write':
        return sockets.write(order.count, order.atOnce);
      case 'pace':
        return sockets.pace(order.count, order.perSecond);
      case 'read':
        return sockets.read(order.count);
      case 'latencies':
        return sockets.latencies();
      default:
        throw new Error(`sockets cannot ${order.do}`);
    }
  });
}
