/**
 * Watches a log whose socket is paused. Items without any reader so far are dropped after `drainTimeout`. If a reader waits because
 * another one is full, the full one is reported by its name, or closed if it is a reader of single events without a new call.
 */
import * as Duration from "effect/Duration"
import * as Diagnostic from "../../../Diagnostic.js"
import type { After } from "../../time/index.js"
import type { EventLog } from "./eventLog.js"
import type { CursorOwner } from "./cursor.js"

/** Time before the first report. Each later interval is twice as long. */
const firstReportMillis = 5_000

/** Returns a function to call with the log when its socket is paused. Its result is called when the socket is resumed. */
export const make = (after: After.After, drainTimeoutMillis: number) => (log: EventLog): () => void => {
  const calls = new Map<CursorOwner, number>()
  for (const { reader } of log.backpressure.holders) {
    if (reader?.idle !== undefined) {
      calls.set(reader, reader.idle.calls())
    }
  }

  const report = (waited: number) => {
    for (const holder of log.backpressure.holders) {
      const { idle } = holder.reader ?? {}
      const isAnyWaiting = Array.from(log.cursors).some(({ reader }) => reader !== holder.reader && reader?.isWaiting)
      if (
        isAnyWaiting && holder.reader !== undefined && idle !== undefined && idle.calls() === calls.get(holder.reader)
      ) {
        idle.close()
      } else if (isAnyWaiting) {
        log.publish(
          Diagnostic.Stalled({ reader: holder.name, events: holder.buffered, waited: Duration.millis(waited) })
        )
      }
    }
    cancelReport = after(waited, () => report(waited * 2))
  }
  let cancelReport = after(firstReportMillis, () => report(firstReportMillis))
  const cancelBacklog = after(drainTimeoutMillis, () => log.stopSuspendingBacklog())
  return () => {
    cancelReport()
    cancelBacklog()
  }
}
