/** A room of socket.io for those who follow the talk, and one for those who watch the state. */
export const talkOf = (room: string): string => `talk ${room}`;
export const stateOf = (room: string): string => `state ${room}`;

/** The room to talk in of one of socket.io; undefined for any other. */
export const roomOfTalk = (name: string): string | undefined =>
  name.startsWith('talk ') ? name.slice(5) : undefined;
