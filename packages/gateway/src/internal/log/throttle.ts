/**
 * Decides which lines of a log are written. A kind of line is written some times, and then at growing intervals with the
 * count of those between, so that neither a flood nor a day of reconnects fills the log.
 */

/** Lines of a kind before the intervals begin. */
const burst = 3
const firstInterval = 10_000
const longestInterval = 1_800_000
/** After so much time without a line of its kind, a line is news again. */
const forgottenAfter = 1_800_000
const maxKinds = 64

interface Kind {
  written: number
  omitted: number
  seenAt: number
  nextAt: number
  interval: number
}

export interface Throttle {
  /**
   * Whether a line of this kind is written now, in milliseconds: how many were omitted before it, or nothing if this one
   * is.
   */
  readonly unsafeTake: (kind: string, now: number) => number | undefined
}

export const make = (): Throttle => {
  const kinds = new Map<string, Kind>()

  const kindOf = (name: string): Kind => {
    const known = kinds.get(name)
    if (known !== undefined) {
      return known
    }
    if (kinds.size >= maxKinds && name !== "") {
      return kindOf("")
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
      const kind = kindOf(name)
      if (now - kind.seenAt > forgottenAfter) {
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
