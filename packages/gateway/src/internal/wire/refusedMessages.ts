/** The state that the receiver of a connection passes to the receiver of the next one. */
import type { LiveSession } from "../session/index.js"

/** The state that outlives the receiver of a connection. */
export interface RefusedMessages {
  /** The time at which the last established connection ended, in milliseconds of monotonic time. */
  lostAt: number | undefined
  /** The session in which a message was too large, and the number of the last event before the message. */
  refusedAfter: { readonly session: LiveSession; readonly sequence: number } | undefined
}

/** Makes the state of a shard without a connection. */
export const make = (): RefusedMessages => ({ lostAt: undefined, refusedAfter: undefined })

/**
 * Records that a message was too large. The second time after the same event, the session skips the message, because every
 * resume would replay it. The first time, the message may not have been an event.
 *
 * @returns the number of the skipped event
 */
export const refuse = (self: RefusedMessages, session: LiveSession | undefined): number | undefined => {
  const before = self.refusedAfter
  self.refusedAfter = session && { session, sequence: session.sequence }
  if (session === undefined || before?.session !== session || before.sequence !== session.sequence) {
    return undefined
  }
  session.sequence++
  self.refusedAfter = undefined
  return session.sequence
}
