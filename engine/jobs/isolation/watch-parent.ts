/**
 * A thread beside a child's handlers: reads the pipe to the worker until that ends, and then ends the process. A handler that
 * never lets go of the main thread does not outlive its worker by that.
 */
import { Socket } from 'node:net';
import { pipeToParent } from './messages.ts';

const pipe = new Socket({ fd: pipeToParent, readable: true, writable: false });
pipe.on('error', () => {});
pipe.once('close', () => process.kill(process.pid, 'SIGKILL'));
pipe.resume();
