/**
 * The events of one shard, from the socket's callback to its readers. Each reader has its own cursor; an event is stored once and
 * shared. The socket is paused while a cursor is full.
 */
import type * as ShardId from "@vesper/model/ShardId"
import * as Diagnostic from "../../../Diagnostic.js"
import type * as ShardError from "../../../ShardError.js"
import type { LiveSession } from "../../session/index.js"
import * as Cursor from "./cursor.js"
import { type ControlItem, type Entry, type Item, lastPosition, nextPosition } from "./entry.js"
import { Backpressure } from "./backpressure.js"
import { DeliveryGate } from "./deliveryGate.js"
import { Listeners } from "./listeners.js"
import { isFailure, type Parse, type Parsed } from "./parse.js"

export interface LogOptions {
  readonly shard: ShardId.ShardId
  /** Maximum number of items that wait for one cursor. */
  readonly capacity: number
  /** Maximum number of characters that wait for one cursor. */
  readonly capacityBytes: number
  /** Publishes a diagnostic. Synchronous. */
  readonly publish: (diagnostic: Diagnostic.Diagnostic) => void
  readonly onPaused: () => void
  readonly onResumed: () => void
}

/** Delivers entries while a fleet is resharded, instead of offering them to the cursors of their own log. */
export interface Route {
  /** Returns true if the entry was offered. */
  readonly deliver: (entry: Entry) => boolean
  /** Returns the lowest position that a reader of any shard has not finished. */
  readonly lowestPosition: () => number
}

/** An entry whose copy from another shard is delivered. Its session stays before it until all items up to `after` are finished. */
interface Withheld {
  readonly entry: Entry
  readonly after: number
  readonly lowestPosition: () => number
}

/** The end of reading, of one shard or of a fleet. */
export interface Ending {
  /** Reading fails with it once all items were read. */
  closed: ShardError.TerminalError | undefined
  /** Reading fails with it at once. */
  failed: ShardError.TerminalError | undefined
}

const backlog = Cursor.readAll("a reader, and there has been none")

export class EventLog {
  readonly shard: ShardId.ShardId
  readonly capacity: number
  readonly capacityBytes: number
  readonly publish: LogOptions["publish"]
  readonly gate = new DeliveryGate()
  readonly backpressure: Backpressure<Cursor.Cursor>
  readonly listeners = new Listeners()
  readonly cursors = new Set<Cursor.Cursor>()
  readonly ending: Ending = { closed: undefined, failed: undefined }
  /** Keeps all items until the first reader of the shard opens. */
  backlog: Cursor.Cursor | undefined
  route: Route | undefined
  /** Updated by cursors that acknowledge. */
  readonly lastHandled: Cursor.LastRead = { entry: undefined, position: 0 }
  /** Updated by streams. */
  readonly lastStreamed: Cursor.LastRead = { entry: undefined, position: 0 }
  /** Called when reading ends. */
  onEnd: ((error: ShardError.TerminalError) => void) | undefined
  private withheld: Array<Withheld> = []

  constructor(options: LogOptions) {
    this.shard = options.shard
    this.capacity = options.capacity
    this.capacityBytes = options.capacityBytes
    this.publish = options.publish
    this.backpressure = new Backpressure(options.onPaused, options.onResumed)
    this.backlog = this.add(new Cursor.Cursor(this, backlog))
  }

  /** Returns true if a cursor wants events of this name. */
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

  /** Appends an event. Called by the socket's callback; never waits. */
  append(entry: Entry): void {
    const { route } = this
    if (route === undefined) {
      entry.position = nextPosition()
      for (const cursor of this.cursors) {
        cursor.offer(entry)
      }
    } else if (!route.deliver(entry)) {
      this.withheld.push({ entry, after: lastPosition(), lowestPosition: route.lowestPosition })
    }
  }

  /** Offers an item to each cursor, also while the log has a route. */
  offer(item: Item): void {
    item.position = nextPosition()
    for (const cursor of this.cursors) {
      cursor.offer(item)
    }
  }

  /** Offers a control item to readers that are not far behind, because back-pressure does not stop failing reconnects. */
  notify(item: ControlItem): void {
    item.position = nextPosition()
    for (const cursor of this.cursors) {
      if (cursor.buffered < this.capacity * 2 && (item._tag !== "Control" || cursor.wantsControls)) {
        cursor.offer(item)
      }
    }
  }

  /**
   * Adds a cursor. The first one receives all items since the shard's start, a later one the unread items of `from`. An observer
   * receives the items since the start too, and leaves them to the first cursor.
   */
  open(options: Cursor.CursorOptions, from?: Cursor.Cursor): Cursor.Cursor {
    const cursor = this.add(new Cursor.Cursor(this, options))
    if (options.isObserver) {
      cursor.receive(this.backlog?.unread() ?? [])
      return cursor
    }
    const source = from ?? this.backlog
    this.backlog = undefined
    if (source !== undefined) {
      cursor.adopt(source)
      this.close(source)
    }
    return cursor
  }

  /** Drops the oldest items instead of pausing the socket if no reader has opened so far. */
  stopSuspendingBacklog(): void {
    const { backlog } = this
    if (backlog !== undefined && this.backpressure.holders.includes(backlog)) {
      const events = backlog.buffered
      backlog.stopSuspending()
      this.publish(Diagnostic.Abandoned({ reader: backlog.name, events }))
    }
  }

  /** Removes a cursor with its unfinished entries. */
  close(cursor: Cursor.Cursor): void {
    cursor.isClosed = true
    this.cursors.delete(cursor)
    cursor.clear()
    this.backpressure.remove(cursor)
  }

  /** Opens the gate up to the position, and wakes readers of the items behind it. */
  openGateUpTo(position: number): void {
    this.gate.openUpTo(position)
    for (const cursor of this.cursors) {
      if (cursor.hasNext()) {
        cursor.listener?.(cursor)
      }
    }
  }

  /** Makes reading fail with the error once waiting items were read. Undefined reverts that. */
  end(error: ShardError.TerminalError | undefined): void {
    this.ending.closed = error
    this.wakeAll()
    if (error !== undefined) {
      this.onEnd?.(error)
    }
  }

  /** Makes reading fail with the error at once. */
  failReaders(error: ShardError.TerminalError): void {
    this.ending.failed = error
    this.wakeAll()
  }

  /** Parses an entry for a reader. Publishes a diagnostic if it cannot be parsed, once for all readers. */
  read(entry: Entry, parse: Parse): Parsed {
    const parsed = parse(entry)
    if (isFailure(parsed) && !entry.isReported) {
      entry.isReported = true
      this.publish(Diagnostic.Failure({ error: parsed }))
    }
    return parsed
  }

  /** Number of items that wait for the slowest reader. */
  get buffered(): number {
    let most = 0
    for (const cursor of this.cursors) {
      most = cursor.isPassive ? most : Math.max(most, cursor.buffered)
    }
    return most
  }

  /** Returns the sequence of the last event of the session that all acknowledging cursors have handled. */
  acknowledgedIn(session: LiveSession): number {
    const acknowledging = Array.from(this.cursors).filter(({ options }) => options.acknowledges)
    return this.sequenceBefore(session, acknowledging)
  }

  /**
   * Returns the sequence after which the next process begins. It receives unread events again, and no event that a handler has
   * read. Streams count if no cursor acknowledges.
   */
  readIn(session: LiveSession): number {
    const all = Array.from(this.cursors).filter(({ options }) => !options.isObserver)
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
