/** Tells whoever looks right now. Fire and forget: the truth is in tables, and who was away reads it there. */
export interface Live {
  /** Rooms are named `device:ID`, `run:ID`, `lab`, `user:ID`. */
  publish(room: string, event: { type: string; data: unknown }): void;
}
