/** Milliseconds that a property with hundreds of runs may take on a busy machine. */
export const PROPERTY_LIMIT_MS = 60_000;
