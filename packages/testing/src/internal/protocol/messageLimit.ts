/** The limit of messages that a client may send on one connection: 120 in any 60 seconds. */
export interface MessageLimit {
  /** Counts a message at a time in milliseconds; returns true if it is above the limit. */
  readonly isExceeded: (now: number) => boolean
}

const windowMillis = 60_000
const limit = 120

export const make = (): MessageLimit => {
  let sentAt: Array<number> = []
  return {
    isExceeded: (now) => {
      sentAt = sentAt.filter((at) => at + windowMillis > now)
      sentAt.push(now)
      return sentAt.length > limit
    }
  }
}
