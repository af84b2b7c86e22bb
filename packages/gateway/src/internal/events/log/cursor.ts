/**
 * One reader's place in one shard's log: the items that it wants and has not read, and the entries that it has begun and not
 * finished. Items are shared between cursors; a cursor holds references.
 */
import * as Diagnostic from "../../../Diagnostic.js"
import type { Strategy } from "../../../Subscription.js"
import { type Entry, type Item, type LiveSession, sizeOf } from "./entry.js"
import type { EventLog } from "./eventLog.js"
import { ItemQueue } from "./itemQueue.js"
import type { Reader } from "../reader.js"

export interface Options {
  /** Names the reader in diagnostics. */
  readonly name: string
  /** Names of the wanted events, all if undefined. */
  readonly wanted: ReadonlySet<string> | undefined
  readonly strategy: Strategy
  /** Names of the events that a dropping strategy may drop, all if undefined. */
  readonly droppable: ReadonlySet<string> | undefined
  /** Most items that may wait; the log's own capacity bounds it. */
  readonly capacity: number | undefined
  /** Whether the session to resume from stays before the cursor's unfinished entries. */
  readonly acknowledges: boolean
  readonly wantsNotices: boolean
}

/** The last entry that readers of one kind have read, of all that they have read. */
export interface LastRead {
  entry: Entry | undefined
  position: number
}

/** Called when a cursor has something to read after it had nothing, and when its log ends. */
export type Listener = (cursor: Cursor) => void

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

const sequenceIn = (session: LiveSession, item: Item): number =>
  item._tag === "Dispatch" && item.session === session && item.s > session.since ? item.s : Number.POSITIVE_INFINITY

export class Cursor {
  readonly name: string
  readonly capacity: number
  /** Entries that a dropping strategy has dropped. */
  dropped = 0
  /** The strategy `fail` has ended this cursor: what waits can be read, and nothing more is offered. */
  hasOverflowed = false
  isClosed = false
  /** The reader has left, and its place pauses nothing. */
  isPassive = false
  /** The reader that the cursor belongs to; none for what waits for the first reader. */
  reader: Reader | undefined
  /** Whether control payloads are read too; set by the first `nextMessage`. */
  wantsControls = false
  /** Set by the reader. */
  listener: Listener | undefined
  /** Used by its reader alone: whether the cursor is in its list of those that may have something. */
  isListed = false
  private strategy: Strategy
  private readonly queue = new ItemQueue()
  private readonly begun = new Set<Entry>()
  // What waits and what was read and deferred: all that is not begun.
  private count = 0
  private bytes = 0
  private isFull = false
  private isSilent = false
  readonly log: EventLog
  readonly options: Options
  private readonly lastRead: LastRead

  constructor(log: EventLog, options: Options) {
    this.log = log
    this.options = options
    this.name = options.name
    this.strategy = options.strategy
    this.lastRead = options.acknowledges ? log.lastHandled : log.lastStreamed
    this.capacity = Math.min(options.capacity ?? log.capacity, log.capacity)
  }

  wants(t: string): boolean {
    const { wanted } = this.options
    return wanted === undefined || wanted.has(t)
  }

  /** Items that wait for the reader, without those that the gate holds back. */
  get lag(): number {
    return this.count - this.queue.countAfter(this.log.gate.limit)
  }

  /** The log's side: takes a reference to an item that the reader wants, or drops one where the strategy says so. */
  offer(item: Item): void {
    if (item._tag === "Dispatch" ? !this.wants(item.t) : !this.options.wantsNotices) {
      return
    }
    if (this.strategy === "suspend" || (!this.hasOverflowed && this.lag < this.capacity && !this.hasManyBytes())) {
      this.push(item)
    } else if (this.strategy !== "fail") {
      this.replace(item)
    } else if (!this.hasOverflowed) {
      this.hasOverflowed = true
      this.listener?.(this)
    }
  }

  /** Whether there is an item that may be read now. */
  hasNext(): boolean {
    const item = this.queue.peek()
    return item !== undefined && item.position <= this.log.gate.limit
  }

  /** The position of the item that is next, infinity if there is none. */
  nextPosition(): number {
    return this.hasNext() ? this.queue.peek()?.position ?? Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  /** Whether everything that was offered has been read. */
  isDrained(): boolean {
    return this.queue.size === 0
  }

  /** Reads and begins the next item. */
  next(): Item | undefined {
    const item = this.queue.peek()
    if (item === undefined || !this.log.gate.admits(item.position)) {
      return undefined
    }
    this.queue.shift()
    this.settle(-1, -sizeOf(item))
    const { lastRead } = this
    if (item._tag === "Dispatch" && item.position > lastRead.position) {
      lastRead.position = item.position
      lastRead.entry = item
    }
    return item
  }

  /** Remembers an entry as begun, until `done` or `giveBack`. */
  begin(entry: Entry): void {
    this.begun.add(entry)
  }

  done(entry: Entry): void {
    this.begun.delete(entry)
  }

  /** Counts an entry that was read as not begun: it waits behind another of its guild. */
  defer(entry: Entry): void {
    this.begun.add(entry)
    this.settle(1, entry.size)
  }

  /** A deferred entry is begun after all. */
  undefer(entry: Entry): void {
    this.settle(-1, -entry.size)
  }

  /** Returns entries to be read again, in order. */
  giveBack(entries: ReadonlyArray<Entry>): void {
    entries.forEach((entry) => this.begun.delete(entry))
    this.restore(this.isClosed ? [] : entries)
  }

  /** Takes over what another cursor of the log has not read. */
  adopt(other: Cursor): void {
    this.receive(other.clear())
  }

  /** Adds the items that it wants of those that another cursor has not read. */
  receive(items: ReadonlyArray<Item>): void {
    this.restore(items.filter((item) => item._tag === "Dispatch" ? this.wants(item.t) : this.options.wantsNotices))
  }

  /** The items that were not read. */
  unread(): ReadonlyArray<Item> {
    return this.queue.toArray()
  }

  /** Drops everything that waits and was begun. */
  clear(): ReadonlyArray<Item> {
    this.begun.clear()
    const items = this.queue.clear()
    this.settle(-this.count, -this.bytes)
    return items
  }

  /** From now on drops the oldest items instead of pausing the socket, without a diagnostic for each. */
  stopSuspending(): void {
    this.strategy = "dropOldest"
    this.isSilent = true
    this.dropNext()
    this.settle(0, 0)
  }

  /** Keeps the waiting items and accepts later ones up to the capacity, without pausing the socket. */
  keepPlace(): void {
    this.strategy = "fail"
    this.isPassive = true
    this.isFull = false
    this.log.flow.remove(this)
  }

  /** The lowest sequence of the session that is not finished, infinity if all are. */
  lowestUnfinished(session: LiveSession): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const entry of this.begun) {
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

  /** The lowest position that is not finished, infinity if all are. */
  lowestPosition(): number {
    let lowest = this.queue.peek()?.position ?? Number.POSITIVE_INFINITY
    for (const { position } of this.begun) {
      lowest = Math.min(lowest, position)
    }
    return lowest
  }

  private hasManyBytes(): boolean {
    return this.bytes >= this.log.capacityBytes
  }

  private push(item: Item): void {
    this.queue.push(item)
    this.settle(1, sizeOf(item))
    if (this.queue.size === 1) {
      this.listener?.(this)
    }
  }

  private restore(items: ReadonlyArray<Item>): void {
    if (items.length > 0) {
      this.queue.insert(items)
      this.settle(items.length, items.reduce((sum, item) => sum + sizeOf(item), 0))
      this.listener?.(this)
    }
  }

  /** Makes room for an item by dropping the oldest, or drops it; what may not be dropped is kept and pauses the socket. */
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
    this.settle(-1, -sizeOf(first))
    this.drop(first)
    return true
  }

  private drop(item: Item): void {
    if (item._tag === "Dispatch") {
      this.dropped++
      // One diagnostic an entry would flood the log, and a total at the end might never be published.
      if (!this.isSilent && isPowerOfTwo(this.dropped)) {
        this.log.notice(Diagnostic.Dropped({ eventType: item.t, total: this.dropped }))
      }
    }
  }

  /** Counts, and pauses or resumes the socket. A dropping cursor is full one item later: it drops instead. */
  private settle(count: number, bytes: number): void {
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
        log.flow.add(this)
        this.reader?.onFull?.(log)
      }
    } else if (
      isSuspending
        ? this.count <= capacity >> 1 && this.bytes <= log.capacityBytes / 2
        : this.count <= capacity
    ) {
      this.isFull = false
      log.flow.remove(this)
    }
  }
}
