/**
 * Limits the lines of a log. The first lines of a kind are written, then one at growing intervals with the count of the lines
 * that were omitted, so that neither a flood nor a day of reconnects fills the log.
 */

/** Lines of a kind that are written without an interval. */
const burst = 3
const firstInterval = 10_000
const longestInterval = 1_800_000
/** Milliseconds without a line of a kind, after which its throttle is reset. */
const resetAfter = 1_800_000
const maxKinds = 64

interface LineKind {
  written: number
  omitted: number
  seenAt: number
  nextAt: number
  interval: number
}

export interface LogThrottle {
  /**
   * Returns the number of lines of this kind that were omitted before this one, or undefined if this one is omitted. `now` is
   * in milliseconds.
   */
  readonly unsafeTake: (kind: string, now: number) => number | undefined
}

export const make = (): LogThrottle => {
  const kinds = new Map<string, LineKind>()

  const findKind = (name: string): LineKind => {
    const known = kinds.get(name)
    if (known !== undefined) {
      return known
    }
    if (kinds.size >= maxKinds && name !== "") {
      return findKind("")
    }
    const kind = {
      written: 0,
      omitted: 0,
      seenAt: Number.NEGATIVE_INFINITY,
      nextAt: Number.NEGATIVE_INFINITY,
      interval: firstInterval
    }
    kinds.set(name, kind)
    return kind
  }

  return {
    unsafeTake: (name, now) => {
      const kind = findKind(name)
      if (now - kind.seenAt > resetAfter) {
        kind.written = 0
        kind.interval = firstInterval
        kind.nextAt = now
      }
      kind.seenAt = now
      if (kind.written >= burst && now < kind.nextAt) {
        kind.omitted++
        return undefined
      }
      if (++kind.written >= burst) {
        kind.nextAt = now + kind.interval
        kind.interval = Math.min(kind.interval * 2, longestInterval)
      }
      const { omitted } = kind
      kind.omitted = 0
      return omitted
    }
  }
}
