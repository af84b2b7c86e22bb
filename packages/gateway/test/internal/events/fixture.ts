/** An event log without a shard, and entries for it. */
import * as ShardId from "@vesper/model/ShardId"
import type * as Diagnostic from "../../../src/Diagnostic.js"
import type { Cursor, CursorOptions } from "../../../src/internal/events/log/cursor.js"
import { type ControlItem, Entry } from "../../../src/internal/events/log/entry.js"
import type { LiveSession } from "../../../src/internal/session/liveSession.js"
import { EventLog, type LogOptions } from "../../../src/internal/events/log/eventLog.js"
import type { Reader } from "../../../src/internal/events/reader.js"

/** A log with a capacity of four events, the calls to its socket, and its diagnostics. */
export const makeLog = (options: Partial<LogOptions> = {}) => {
  const calls: Array<"pause" | "resume"> = []
  const notices: Array<Diagnostic.Diagnostic> = []
  const log = new EventLog({
    shard: ShardId.single,
    capacity: 4,
    capacityBytes: 1_000,
    publish: (diagnostic) => notices.push(diagnostic),
    onPaused: () => {},
    onResumed: () => {},
    ...options
  })
  log.backpressure.setSocket({ pause: () => calls.push("pause"), resume: () => calls.push("resume") })
  return { log, calls, notices }
}

export const makeSession = (since = 0): LiveSession => ({ id: "a", resumeUrl: undefined, since, sequence: since })

/** Appends the number of events of a session, from its next sequence on. */
export const append = (
  log: EventLog,
  session: LiveSession,
  count: number,
  t = "MESSAGE_CREATE",
  text = "{}"
): ReadonlyArray<Entry> =>
  Array.from({ length: count }, () => {
    session.sequence++
    const entry = new Entry(session, t, session.sequence, text, true)
    log.append(entry)
    return entry
  })

export const control = (text: string): ControlItem => ({ _tag: "Control", text, position: 0 })

/** Options of a reader that wants all events and acknowledges them. */
export const handling: CursorOptions = {
  name: "a handler",
  wanted: undefined,
  strategy: "suspend",
  droppable: undefined,
  capacity: undefined,
  acknowledges: true,
  wantsControlItems: false,
  isObserver: false
}

/** Options of a reader that acknowledges nothing. */
export const streaming: CursorOptions = { ...handling, name: "a stream", acknowledges: false }

/** Reads at most `count` events, and returns their sequences. */
export const read = (from: Cursor | Reader, count = Number.POSITIVE_INFINITY): ReadonlyArray<number> => {
  const sequences: Array<number> = []
  while (sequences.length < count) {
    const item = from.next()
    if (item === undefined) {
      break
    }
    if (item._tag === "Dispatch") {
      sequences.push(item.s)
    }
  }
  return sequences
}
