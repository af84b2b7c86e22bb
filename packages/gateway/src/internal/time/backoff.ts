/**
 * Returns the milliseconds to wait after failed attempts: they double with each attempt up to `max`. A random part of up to half is
 * subtracted to avoid synchronized attempts.
 *
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export const backoff = (base: number, max: number, attempts: number, random: number): number =>
  // A larger power exceeds the limit anyway.
  Math.round(Math.min(max, base * 2 ** Math.min(attempts - 1, 30)) * (1 - random / 2))
