/** The part of a shard's state that its receivers pass from one connection to the next. */
import type { LiveSession } from "../events/log/index.js"

export interface WireMemory {
  /** When the last established connection ended, in milliseconds of monotonic time. */
  lostAt: number | undefined
  /** Where a message was too large: the session, and the number of the last event before it. */
  refusedAfter: { readonly session: LiveSession; readonly sequence: number } | undefined
}

export const make = (): WireMemory => ({ lostAt: undefined, refusedAfter: undefined })

/**
 * Records that a message was too large. The second time at the same place the session moves past the event, because each
 * resume would replay it and end in the same way. Only then: the first time it need not have been an event.
 *
 * @returns the number of the skipped event
 */
export const refuse = (self: WireMemory, session: LiveSession | undefined): number | undefined => {
  const before = self.refusedAfter
  self.refusedAfter = session && { session, sequence: session.sequence }
  if (session === undefined || before?.session !== session || before.sequence !== session.sequence) {
    return undefined
  }
  session.sequence++
  self.refusedAfter = undefined
  return session.sequence
}
