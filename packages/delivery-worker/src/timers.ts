/** When something goes on. */
export interface Timers {
  /** In a later turn of the event loop. */
  soon(action: () => void): void;
  /** After so many milliseconds, unless the function that it returns is called before. */
  after(ms: number, action: () => void): () => void;
}

/** Those of Node.js. */
export const systemTimers: Timers = {
  soon: (action) => void setImmediate(action),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};
