/**
 * Watches a log whose socket is paused. Items for which there was never a reader are dropped after `drainTimeout`. A reader that waits
 * because of another one is reported, with that one's name; one of single events that is not asked any more is closed.
 */
import * as Duration from "effect/Duration"
import * as Diagnostic from "../../../Diagnostic.js"
import type { After } from "../../time/index.js"
import type { EventLog } from "./eventLog.js"
import type { Reader } from "../index.js"

/** How long a reader waits for another before that is reported. The pause before the next report is twice as long. */
const patienceMillis = 5_000

/** Called with the log when its socket is paused; what it returns, when the socket is resumed. */
export const make = (
  after: After.After,
  drainTimeoutMillis: number,
  onStalled: () => void
) =>
(log: EventLog): () => void => {
  const asks = new Map<Reader, number>()
  for (const { reader } of log.flow.holders) {
    if (reader?.idle !== undefined) {
      asks.set(reader, reader.idle.asks())
    }
  }

  const report = (waited: number) => {
    for (const holder of log.flow.holders) {
      const { idle } = holder.reader ?? {}
      const isStarving = Array.from(log.cursors).some(({ reader }) => reader !== holder.reader && reader?.isStarved)
      if (isStarving && holder.reader !== undefined && idle !== undefined && idle.asks() === asks.get(holder.reader)) {
        idle.leave()
      } else if (isStarving) {
        onStalled()
        log.notice(Diagnostic.Stalled({ reader: holder.name, events: holder.lag, waited: Duration.millis(waited) }))
      }
    }
    cancelReport = after(waited, () => report(waited * 2))
  }
  let cancelReport = after(patienceMillis, () => report(patienceMillis))
  const cancelBacklog = after(drainTimeoutMillis, () => log.stopSuspendingBacklog())
  return () => {
    cancelReport()
    cancelBacklog()
  }
}
