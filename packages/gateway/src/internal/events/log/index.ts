/** The event log of a shard: entries, cursors, back-pressure and acknowledgement. */
export type { Cursor, CursorOptions, CursorOwner } from "./cursor.js"
export { Entry, lastPosition, payloadOf } from "./entry.js"
export type { Item, LiveSession } from "./entry.js"
export { EventLog } from "./eventLog.js"
export type { Ending } from "./eventLog.js"
export * as Parse from "./parse.js"
export { isFailure } from "./parse.js"
export * as StallWatch from "./stallWatch.js"
