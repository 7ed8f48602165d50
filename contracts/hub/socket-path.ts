/** Where the socket is: `io(url, { path: socketPath, transports: ['websocket'] })`. On its own, for browsers load it without the schemas. */
export const socketPath = '/live';
