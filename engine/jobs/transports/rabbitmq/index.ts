export { askAdmission } from './admission.ts';
export { type Broker, type BrokerOptions, openBroker, type Topology } from './broker.ts';
export type { Consumer, ConsumerOptions, Delivery } from './consumer.ts';
export type { Message } from './publisher.ts';
export { createRelay, type RelayOptions } from './relay.ts';
export { type RabbitOptions, rabbitTransport } from './transport.ts';
