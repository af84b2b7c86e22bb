/** Checks the order of events by their sequence numbers. */

export interface Delivery {
  /** Connections whose events the reader receives, each with the same numbers from 2 on. */
  readonly shards: number
  /** Some events are left out on purpose. */
  readonly isFiltered: boolean
}

/** Returns true if the next event of the only connection is in order. */
const ofOne = (isFiltered: boolean) => {
  let last = 1
  return (s: number): boolean => {
    const follows = isFiltered ? s > last : s === last + 1
    last = s
    return follows
  }
}

/**
 * Events of several connections arrive in any interleaving. A number cannot have been received more often than the number
 * before it, because each connection sends them in their order.
 */
const ofMany = (shards: number) => {
  const received = [0, shards]
  return (s: number): boolean => {
    const times = (received[s] ?? 0) + 1
    received[s] = times
    return times <= (received[s - 1] ?? 0)
  }
}

/** Makes the check of one reader. Gaps in several filtered connections cannot be checked. */
export const make = ({ isFiltered, shards }: Delivery): (s: number) => boolean =>
  shards === 1 ? ofOne(isFiltered) : isFiltered ? () => true : ofMany(shards)
