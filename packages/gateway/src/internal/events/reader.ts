/**
 * One reader, with a cursor in the log of its shard or of each shard of a fleet. The cursors are read round-robin, so that a busy shard
 * does not delay the others.
 */
import type * as ShardError from "../../ShardError.js"
import type { Cursor, CursorOptions, CursorOwner, Ending, EventLog, Item } from "./log/index.js"

export class Reader implements CursorOwner {
  readonly cursors = new Map<EventLog, Cursor>()
  idle: CursorOwner["idle"]
  hasEnded = false
  onFull: CursorOwner["onFull"]
  /** The cursor of the last item. */
  current: Cursor | undefined
  private isOrderRequired = false
  // Cursors that may have an item to read, and the index of the next one.
  private readonly listed: Array<Cursor> = []
  private turn = 0
  private readonly waiters = new Set<() => void>()
  // Logs of replaced shards, until their events are handled.
  private readonly retiring = new Set<EventLog>()
  readonly options: CursorOptions
  private readonly ending: Readonly<Ending> | undefined

  /** `ending` is undefined for a reader of one shard, which ends with its log. */
  constructor(options: CursorOptions, ending: Readonly<Ending> | undefined) {
    this.options = options
    this.ending = ending
  }

  /** Adds a cursor in a log, with the unread items of `from`. */
  attach(log: EventLog, from?: Cursor): void {
    const cursor = log.open(this.options, from)
    cursor.reader = this
    this.cursors.set(log, cursor)
    cursor.listener = this.onReadable
    this.onReadable(cursor)
  }

  detach(log: EventLog): void {
    const cursor = this.cursors.get(log)
    if (cursor !== undefined) {
      this.cursors.delete(log)
      this.retiring.delete(log)
      log.close(cursor)
      this.wake()
    }
  }

  /** Removes the cursor in the log of a replaced shard once its events are handled. */
  retire(log: EventLog): void {
    this.retiring.add(log)
    this.listAll()
    this.settleRetiring()
  }

  /** Reads items in the order of their positions from now on, because two logs contain events of one guild, or round-robin. */
  setOrdered(isOrdered: boolean): void {
    this.isOrderRequired = isOrdered
    this.listAll()
  }

  /** Returns the lowest unfinished position, infinity if all are finished. */
  lowestPosition(): number {
    return Math.min(...Array.from(this.cursors.values(), (cursor) => cursor.lowestPosition()))
  }

  close(): void {
    Array.from(this.cursors.keys()).forEach((log) => this.detach(log))
  }

  next(): Item | undefined {
    return this.isOrdered ? this.nextInOrder() : this.nextInTurn()
  }

  /** Reads the first item that an acknowledging reader, or this one, has read before. */
  nextBehind(): Item | undefined {
    let first: Cursor | undefined
    for (const cursor of this.cursors.values()) {
      if (cursor.isBehind() && (first === undefined || cursor.nextPosition() < first.nextPosition())) {
        first = cursor
      }
    }
    this.current = first
    return first?.next()
  }

  /** Returns the error that ends reading now, undefined if there is or may be an item. */
  failure(): ShardError.TerminalError | undefined {
    const isDrained = this.isDrained()
    if (this.ending !== undefined) {
      return this.ending.failed ?? (isDrained ? this.ending.closed : undefined)
    }
    for (const { ending } of this.cursors.keys()) {
      const error = ending.failed ?? (isDrained ? ending.closed : undefined)
      if (error !== undefined) {
        return error
      }
    }
    return undefined
  }

  /** Returns true if the strategy of a cursor has ended it, and its items were read. */
  hasOverflowed(): boolean {
    return this.isDrained() && Array.from(this.cursors.values()).some((cursor) => cursor.hasOverflowed)
  }

  hasNext(): boolean {
    return this.isOrdered
      ? this.firstInOrder()?.hasNext() === true
      : this.listed.some((cursor) => cursor.hasNext())
  }

  /** Calls `wake` once, when there is an item to read or reading ends, at once if that is so now. Returns a function that cancels it. */
  onAvailable(wake: () => void): () => void {
    this.waiters.add(wake)
    if (this.hasNext() || this.failure() !== undefined || this.hasOverflowed()) {
      this.wake()
    }
    return () => this.waiters.delete(wake)
  }

  /** Number of items that wait for the reader, in all logs. */
  get buffered(): number {
    return Array.from(this.cursors.values()).reduce((sum, { buffered }) => sum + buffered, 0)
  }

  get isWaiting(): boolean {
    return this.waiters.size > 0
  }

  wake(): void {
    if (this.waiters.size > 0) {
      const waiting = Array.from(this.waiters)
      this.waiters.clear()
      waiting.forEach((wake) => wake())
    }
  }

  /** True while a fleet is resharded, and until its old shards are read to their end. */
  get isOrdered(): boolean {
    return this.isOrderRequired || this.retiring.size > 0
  }

  private isDrained(): boolean {
    for (const cursor of this.cursors.values()) {
      if (!cursor.isDrained()) {
        return false
      }
    }
    return true
  }

  private readonly onReadable = (cursor: Cursor): void => {
    this.list(cursor)
    this.wake()
  }

  private nextInTurn(): Item | undefined {
    const { listed } = this
    while (listed.length > 0) {
      if (this.turn >= listed.length) {
        this.turn = 0
      }
      const cursor = listed[this.turn]
      const item = cursor?.next()
      if (item !== undefined) {
        this.turn++
        this.current = cursor
        return item
      }
      this.unlist(this.turn)
    }
    return undefined
  }

  /**
   * Reads the item with the lowest position of all logs. Items of other logs wait behind a closed gate as well, because the item behind
   * it may be an earlier event of their guild.
   */
  private nextInOrder(): Item | undefined {
    for (let i = this.listed.length - 1; i >= 0; i--) {
      const cursor = this.listed[i]
      if (cursor === undefined || cursor.isDrained()) {
        this.unlist(i)
      } else {
        // Asks all closed gates to open, so that the sessions of all shards are saved at the same time.
        cursor.log.gate.admits(cursor.nextPosition())
      }
    }
    const first = this.firstInOrder()
    this.current = first
    if (first === undefined) {
      this.settleRetiring()
    }
    return first?.next()
  }

  private firstInOrder(): Cursor | undefined {
    let first: Cursor | undefined
    for (const cursor of this.listed) {
      if (!cursor.isDrained() && (first === undefined || cursor.nextPosition() < first.nextPosition())) {
        first = cursor
      }
    }
    return first
  }

  private settleRetiring(): void {
    for (const log of Array.from(this.retiring)) {
      if (this.cursors.get(log)?.lowestPosition() === Number.POSITIVE_INFINITY) {
        this.detach(log)
      }
    }
  }

  /** Lists all cursors again, because round-robin reading removes those behind a closed gate from the list. */
  private listAll(): void {
    this.cursors.forEach((cursor) => this.list(cursor))
  }

  private list(cursor: Cursor): void {
    if (!cursor.isListed) {
      cursor.isListed = true
      this.listed.push(cursor)
    }
  }

  /** Removes a cursor from the list. The last one moves to its index. */
  private unlist(at: number): void {
    const cursor = this.listed[at]
    const last = this.listed.pop()
    if (cursor !== undefined && last !== undefined) {
      cursor.isListed = false
      if (cursor !== last) {
        this.listed[at] = last
      }
    }
  }
}
