/** Messages that are too large. Each resume replays them, so the session skips them. */
import type { LiveSession } from "../session/index.js"

/** The last message that was refused, over all connections of a shard. */
export interface RefusedMessages {
  /** The session in which a message was too large, and the number of the last event before the message. */
  after: { readonly session: LiveSession; readonly sequence: number } | undefined
}

export const make = (): RefusedMessages => ({ after: undefined })

/**
 * Records that a message was too large. The second time after the same event, the session skips the message, because every
 * resume would replay it. The first time, the message may not have been an event.
 *
 * @returns the number of the skipped event
 */
export const refuse = (self: RefusedMessages, session: LiveSession | undefined): number | undefined => {
  const before = self.after
  self.after = session && { session, sequence: session.sequence }
  if (session === undefined || before?.session !== session || before.sequence !== session.sequence) {
    return undefined
  }
  session.sequence++
  self.after = undefined
  return session.sequence
}
