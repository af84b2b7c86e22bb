/**
 * The position of one reader in one shard's log: the items that it wants and has not read, and the entries
 * that are in flight. Cursors share items and hold references to them.
 */
import * as Diagnostic from "../../../Diagnostic.js"
import type { Strategy } from "../../../Subscription.js"
import type { LiveSession } from "../../session/index.js"
import { type Entry, getSize, type Item } from "./entry.js"
import type { EventLog } from "./eventLog.js"
import { ItemQueue } from "./itemQueue.js"

export interface CursorOwner {
  /** Set for a reader of single events: counts its calls, and closes it. */
  readonly idle: { readonly calls: () => number; readonly close: () => void } | undefined
  /** True after its run or stream has ended. */
  readonly hasEnded: boolean
  /** True while it waits for something to read. */
  readonly isWaiting: boolean
  /** Called when one of its cursors is full. */
  readonly onFull: ((log: EventLog) => void) | undefined
}

export interface CursorOptions {
  /** Names the reader in diagnostics. */
  readonly name: string
  /** Names of the wanted events, all if undefined. */
  readonly wanted: ReadonlySet<string> | undefined
  readonly strategy: Strategy
  /** Names of the events that a dropping strategy may drop, all if undefined. */
  readonly droppable: ReadonlySet<string> | undefined
  /** Maximum number of waiting items, at most the log's capacity. */
  readonly capacity: number | undefined
  /** True if the session to resume from stays before the cursor's unfinished entries. */
  readonly acknowledges: boolean
  readonly wantsControlItems: boolean
  /**
   * True for a reader that waits for one event. It does not count for the session to resume from, and leaves events from before the
   * first reader to that reader.
   */
  readonly isObserver: boolean
}

/** Makes options. By default, a reader wants all events, pauses the socket, and acknowledges nothing. */
export const makeOptions = (name: string, options: Partial<Omit<CursorOptions, "name">>): CursorOptions => ({
  name,
  wanted: undefined,
  strategy: "suspend",
  droppable: undefined,
  capacity: undefined,
  acknowledges: false,
  wantsControlItems: false,
  isObserver: false,
  ...options
})

/** Makes the options of a reader of all items that acknowledges them. */
export const readAll = (name: string): CursorOptions =>
  makeOptions(name, { acknowledges: true, wantsControlItems: true })

/** The entry with the highest position among those that readers of one kind have read. */
export interface LastRead {
  entry: Entry | undefined
  position: number
}

/** Called when an empty cursor receives an item, and when its log ends. */
export type CursorListener = (cursor: Cursor) => void

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

const sequenceIn = (session: LiveSession, item: Item): number =>
  item._tag === "Dispatch" && item.session === session && item.s > session.since ? item.s : Number.POSITIVE_INFINITY

export class Cursor {
  readonly name: string
  readonly capacity: number
  /** Entries that a dropping strategy has dropped. */
  dropped = 0
  /** True after the strategy `fail` has ended this cursor: waiting items can be read, and later ones are not offered. */
  hasOverflowed = false
  isClosed = false
  /** True after the reader has ended: the cursor keeps its unread items and does not pause the socket. */
  isPassive = false
  /** Undefined for the backlog, which waits for the first reader. */
  reader: CursorOwner | undefined
  /** True if control payloads are read too; set by the first `nextMessage`. */
  wantsControls = false
  /** Set by the reader. */
  listener: CursorListener | undefined
  /** Used by its reader: true while the cursor is in the reader's list of cursors to read from. */
  isListed = false
  private strategy: Strategy
  private readonly queue = new ItemQueue()
  private readonly inFlight = new Set<Entry>()
  // Waiting items and deferred entries: all that are not started.
  private count = 0
  private bytes = 0
  private isFull = false
  private isSilent = false
  readonly log: EventLog
  readonly options: CursorOptions
  private readonly lastRead: LastRead

  constructor(log: EventLog, options: CursorOptions) {
    this.log = log
    this.options = options
    this.name = options.name
    this.strategy = options.strategy
    this.lastRead = options.isObserver
      ? { entry: undefined, position: 0 }
      : options.acknowledges
      ? log.lastHandled
      : log.lastStreamed
    this.capacity = Math.min(options.capacity ?? log.capacity, log.capacity)
  }

  wants(t: string): boolean {
    const { wanted } = this.options
    return wanted === undefined || wanted.has(t)
  }

  /** Number of items that wait for the reader, without those behind the gate. */
  get buffered(): number {
    return this.count - this.queue.countAfter(this.log.gate.limit)
  }

  /** Called by the log. Queues the item if the reader wants it, or drops an item if the strategy requires it. */
  offer(item: Item): void {
    if (item._tag === "Dispatch" ? !this.wants(item.t) : !this.options.wantsControlItems) {
      return
    }
    if (this.strategy === "suspend" || (!this.hasOverflowed && this.buffered < this.capacity && !this.hasManyBytes())) {
      this.push(item)
    } else if (this.strategy !== "fail") {
      this.replace(item)
    } else if (!this.hasOverflowed) {
      this.hasOverflowed = true
      this.listener?.(this)
    }
  }

  /** Returns true if there is an item that may be read now. */
  hasNext(): boolean {
    const item = this.queue.peek()
    return item !== undefined && item.position <= this.log.gate.limit
  }

  /** Returns the position of the next item, whether the gate admits it or not, infinity if there is none. */
  nextPosition(): number {
    return this.queue.peek()?.position ?? Number.POSITIVE_INFINITY
  }

  /** Returns true if the next item is not after the last one that an acknowledging cursor of the log has read. */
  isBehind(): boolean {
    return this.nextPosition() <= this.log.lastHandled.position
  }

  /** Returns true if all offered items were read. */
  isDrained(): boolean {
    return this.queue.size === 0
  }

  next(): Item | undefined {
    const item = this.queue.peek()
    if (item === undefined || !this.log.gate.admits(item.position)) {
      return undefined
    }
    this.queue.shift()
    this.adjust(-1, -getSize(item))
    const { lastRead } = this
    if (item._tag === "Dispatch" && item.position > lastRead.position) {
      lastRead.position = item.position
      lastRead.entry = item
    }
    return item
  }

  /** Marks an entry as in flight, until `done` or `requeue`. */
  start(entry: Entry): void {
    this.inFlight.add(entry)
  }

  done(entry: Entry): void {
    this.inFlight.delete(entry)
  }

  /** Counts a read entry as not started, because it waits for another event of its guild. */
  defer(entry: Entry): void {
    this.inFlight.add(entry)
    this.adjust(1, entry.size)
  }

  startDeferred(entry: Entry): void {
    this.adjust(-1, -entry.size)
  }

  /** Queues entries again, in their order. */
  requeue(entries: ReadonlyArray<Entry>): void {
    entries.forEach((entry) => this.inFlight.delete(entry))
    this.restore(this.isClosed ? [] : entries)
  }

  /** Takes the unread items of another cursor of the log. */
  adopt(other: Cursor): void {
    this.receive(other.clear())
  }

  /** Adds the wanted ones of another cursor's unread items. */
  receive(items: ReadonlyArray<Item>): void {
    this.restore(items.filter((item) => item._tag === "Dispatch" ? this.wants(item.t) : this.options.wantsControlItems))
  }

  unread(): ReadonlyArray<Item> {
    return this.queue.toArray()
  }

  /** Drops all items that wait or are in flight. Returns the waiting ones. */
  clear(): ReadonlyArray<Item> {
    this.inFlight.clear()
    const items = this.queue.clear()
    this.adjust(-this.count, -this.bytes)
    return items
  }

  /** Drops the oldest items instead of pausing the socket from now on, without a diagnostic for each. */
  stopSuspending(): void {
    this.strategy = "dropOldest"
    this.isSilent = true
    this.dropNext()
    this.adjust(0, 0)
  }

  /** Keeps the waiting items and accepts later ones up to the capacity, without pausing the socket. */
  makePassive(): void {
    this.strategy = "fail"
    this.isPassive = true
    this.isFull = false
    this.log.backpressure.remove(this)
  }

  /** Returns the lowest unfinished sequence of the session, infinity if all are finished. */
  lowestUnfinished(session: LiveSession): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const entry of this.inFlight) {
      lowest = Math.min(lowest, sequenceIn(session, entry))
    }
    for (const item of this.queue.toArray()) {
      const sequence = sequenceIn(session, item)
      if (sequence < Number.POSITIVE_INFINITY) {
        return Math.min(lowest, sequence)
      }
    }
    return lowest
  }

  /** Returns the lowest unfinished position, infinity if all are finished. */
  lowestPosition(): number {
    let lowest = this.queue.peek()?.position ?? Number.POSITIVE_INFINITY
    for (const { position } of this.inFlight) {
      lowest = Math.min(lowest, position)
    }
    return lowest
  }

  private hasManyBytes(): boolean {
    return this.bytes >= this.log.capacityBytes
  }

  private push(item: Item): void {
    this.queue.push(item)
    this.adjust(1, getSize(item))
    if (this.queue.size === 1) {
      this.listener?.(this)
    }
  }

  private restore(items: ReadonlyArray<Item>): void {
    if (items.length > 0) {
      this.queue.insert(items)
      this.adjust(items.length, items.reduce((sum, item) => sum + getSize(item), 0))
      this.listener?.(this)
    }
  }

  /** Queues the item in place of the oldest one, or drops it. An item that may not be dropped is queued and pauses the socket. */
  private replace(item: Item): void {
    if (this.strategy === "dropOldest" && this.dropNext()) {
      this.push(item)
    } else if (this.mayDrop(item)) {
      this.drop(item)
    } else {
      this.push(item)
    }
  }

  private mayDrop(item: Item): boolean {
    const { droppable } = this.options
    return item._tag !== "Dispatch" || droppable === undefined || droppable.has(item.t)
  }

  private dropNext(): boolean {
    const first = this.queue.peek()
    if (first === undefined || !this.mayDrop(first)) {
      return false
    }
    this.queue.shift()
    this.adjust(-1, -getSize(first))
    this.drop(first)
    return true
  }

  private drop(item: Item): void {
    if (item._tag === "Dispatch") {
      this.dropped++
      // One diagnostic an entry would flood the log, and a total at the end might never be published.
      if (!this.isSilent && isPowerOfTwo(this.dropped)) {
        this.log.publish(Diagnostic.Dropped({ eventType: item.t, total: this.dropped }))
      }
    }
  }

  /** Updates the counts, and pauses or resumes the socket. A dropping cursor is full one item later, because it drops instead. */
  private adjust(count: number, bytes: number): void {
    this.count += count
    this.bytes += bytes
    if (this.isPassive) {
      return
    }
    const { capacity, log } = this
    const isSuspending = this.strategy === "suspend"
    if (!this.isFull) {
      this.isFull = this.count >= (isSuspending ? capacity : capacity + 1) || (isSuspending && this.hasManyBytes())
      if (this.isFull) {
        log.backpressure.add(this)
        this.reader?.onFull?.(log)
      }
    } else if (
      isSuspending
        ? this.count <= capacity >> 1 && this.bytes <= log.capacityBytes / 2
        : this.count <= capacity
    ) {
      this.isFull = false
      log.backpressure.remove(this)
    }
  }
}
