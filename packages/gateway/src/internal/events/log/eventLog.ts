/**
 * The events of one shard, from the socket's callback to its readers. Each reader has a cursor of its own; an event is stored
 * once and shared. The socket is paused while a cursor has as many items as it may.
 */
import type * as ShardId from "@vesper/model/ShardId"
import * as Diagnostic from "../../../Diagnostic.js"
import type * as ShardError from "../../../ShardError.js"
import * as Cursor from "./cursor.js"
import { type Entry, type Item, lastPosition, type LiveSession, nextPosition, type Notice } from "./entry.js"
import { Flow } from "./flow.js"
import { Gate } from "./gate.js"
import { Listeners } from "./listeners.js"

export interface Options {
  readonly shard: ShardId.ShardId
  /** Most items that may wait for one cursor. */
  readonly capacity: number
  /** Most characters that may wait for one cursor. */
  readonly capacityBytes: number
  /** Publishes what readers lose. Synchronous. */
  readonly notice: (diagnostic: Diagnostic.Diagnostic) => void
  readonly onPaused: () => void
  readonly onResumed: () => void
}

/** Decides about an entry while a fleet is resharded, in place of offering it to the cursors of its own log. */
export interface Route {
  /** Whether the entry itself was offered. */
  readonly deliver: (entry: Entry) => boolean
  /** The lowest position that a reader of any shard has not finished. */
  readonly lowestPosition: () => number
}

/** An entry whose copy over another shard counts. Its session stays before it until what was offered by then is finished. */
interface Withheld {
  readonly entry: Entry
  readonly after: number
  readonly lowestPosition: () => number
}

/** Why and when reading ends, of one shard or of a fleet. */
export interface Ending {
  /** Reading fails with it once everything was read. */
  closed: ShardError.TerminalError | undefined
  /** Reading fails with it at once. */
  failed: ShardError.TerminalError | undefined
}

const unread: Cursor.Options = {
  name: "a reader, and there has been none",
  wanted: undefined,
  strategy: "suspend",
  droppable: undefined,
  capacity: undefined,
  acknowledges: true,
  wantsNotices: true
}

export class EventLog {
  readonly shard: ShardId.ShardId
  readonly capacity: number
  readonly capacityBytes: number
  readonly notice: Options["notice"]
  readonly gate = new Gate()
  readonly flow: Flow<Cursor.Cursor>
  readonly listeners = new Listeners()
  readonly cursors = new Set<Cursor.Cursor>()
  readonly ending: Ending = { closed: undefined, failed: undefined }
  /** Keeps everything for the first reader of the shard's life. */
  backlog: Cursor.Cursor | undefined
  route: Route | undefined
  /** Read by cursors that acknowledge. */
  readonly lastHandled: Cursor.LastRead = { entry: undefined, position: 0 }
  /** Read by streams. */
  readonly lastStreamed: Cursor.LastRead = { entry: undefined, position: 0 }
  /** Called when reading ends. */
  onEnd: ((error: ShardError.TerminalError) => void) | undefined
  private withheld: Array<Withheld> = []

  constructor(options: Options) {
    this.shard = options.shard
    this.capacity = options.capacity
    this.capacityBytes = options.capacityBytes
    this.notice = options.notice
    this.flow = new Flow(options.onPaused, options.onResumed)
    this.backlog = this.add(new Cursor.Cursor(this, unread))
  }

  /** Whether a cursor wants events of this name. */
  wants(t: string): boolean {
    if (this.route !== undefined) {
      return true
    }
    for (const cursor of this.cursors) {
      if (cursor.wants(t)) {
        return true
      }
    }
    return false
  }

  /** Takes in an event. Called by the socket's callback, and never waits. */
  append(entry: Entry): void {
    if (this.route === undefined) {
      this.offer(entry)
    } else if (!this.route.deliver(entry)) {
      this.withheld.push({ entry, after: lastPosition(), lowestPosition: this.route.lowestPosition })
    }
  }

  /** Offers an item to each cursor. */
  offer(item: Item): void {
    item.position = nextPosition()
    for (const cursor of this.cursors) {
      cursor.offer(item)
    }
  }

  /** Offers a notice, unless its reader is far behind: no back-pressure stops failing reconnects. */
  notify(notice: Notice): void {
    notice.position = nextPosition()
    for (const cursor of this.cursors) {
      if (cursor.lag < this.capacity * 2 && (notice._tag !== "Control" || cursor.wantsControls)) {
        cursor.offer(notice)
      }
    }
  }

  /** Adds a cursor. The first of the shard's life receives everything since its start, a later one what `from` has not read. */
  open(options: Cursor.Options, from?: Cursor.Cursor): Cursor.Cursor {
    const cursor = this.add(new Cursor.Cursor(this, options))
    const source = from ?? this.backlog
    this.backlog = undefined
    if (source !== undefined) {
      cursor.adopt(source)
      this.close(source)
    }
    return cursor
  }

  /** Stops pausing the socket for a first reader that has not come. Returns how many items were dropped at once. */
  stopSuspendingBacklog(): void {
    const { backlog } = this
    if (backlog !== undefined && this.flow.holders.includes(backlog)) {
      const events = backlog.lag
      backlog.stopSuspending()
      this.notice(Diagnostic.Abandoned({ reader: backlog.name, events }))
    }
  }

  /** Removes a cursor: what it has not finished is not waited for. */
  close(cursor: Cursor.Cursor): void {
    cursor.isClosed = true
    this.cursors.delete(cursor)
    cursor.clear()
    this.flow.remove(cursor)
  }

  /** Opens the gate, and wakes the readers of what was behind it. */
  openGateUpTo(position: number): void {
    this.gate.openUpTo(position)
    for (const cursor of this.cursors) {
      if (cursor.hasNext()) {
        cursor.listener?.(cursor)
      }
    }
  }

  /** What waits can be read; then reading fails with the error. None lets readers wait again. */
  end(error: ShardError.TerminalError | undefined): void {
    this.ending.closed = error
    this.wakeAll()
    if (error !== undefined) {
      this.onEnd?.(error)
    }
  }

  /** Reading fails with the error at once. */
  failReaders(error: ShardError.TerminalError): void {
    this.ending.failed = error
    this.wakeAll()
  }

  /** Publishes an event that cannot be read, once for all readers. */
  reportUnreadable(entry: Entry, error: ShardError.DeserializationError): void {
    if (!entry.isReported) {
      entry.isReported = true
      this.notice(Diagnostic.Failure({ error }))
    }
  }

  /** Items that wait for the reader that is furthest behind. */
  get lag(): number {
    let most = 0
    for (const cursor of this.cursors) {
      most = cursor.isPassive ? most : Math.max(most, cursor.lag)
    }
    return most
  }

  /** The sequence of the last event of the session that is acknowledged by those that handle events. */
  acknowledgedIn(session: LiveSession): number {
    const acknowledging = Array.from(this.cursors).filter(({ options }) => options.acknowledges)
    return this.sequenceBefore(session, acknowledging)
  }

  /**
   * The sequence after which the next process begins: it receives unhandled events again, and no handled event twice. Streams
   * count if no cursor acknowledges.
   */
  readIn(session: LiveSession): number {
    const all = Array.from(this.cursors)
    const acknowledging = all.filter(({ options }) => options.acknowledges)
    const isHandled = acknowledging.length > 0
    const read = (isHandled ? [this.lastHandled] : [this.lastHandled, this.lastStreamed]).map(({ entry }) =>
      entry?.session === session ? entry.s : session.since
    )
    return Math.max(this.sequenceBefore(session, isHandled ? acknowledging : all), ...read)
  }

  private sequenceBefore(session: LiveSession, cursors: ReadonlyArray<Cursor.Cursor>): number {
    const unfinished = cursors.map((cursor) => cursor.lowestUnfinished(session))
    this.withheld = this.withheld.filter(({ after, lowestPosition }) => lowestPosition() <= after)
    for (const { entry } of this.withheld) {
      unfinished.push(entry.session === session ? entry.s : Number.POSITIVE_INFINITY)
    }
    return Math.max(Math.min(session.sequence, ...unfinished.map((s) => s - 1)), session.since)
  }

  private add(cursor: Cursor.Cursor): Cursor.Cursor {
    this.cursors.add(cursor)
    return cursor
  }

  private wakeAll(): void {
    for (const cursor of this.cursors) {
      cursor.listener?.(cursor)
    }
  }
}
