/**
 * What one reader reads from: a cursor in the log of its shard, or one in the log of each shard of a fleet. Those are read in
 * turns, so that a busy shard does not delay the others.
 */
import type * as ShardError from "../../ShardError.js"
import type { Cursor, Options } from "./log/cursor.js"
import type { Item } from "./log/entry.js"
import type { Ending, EventLog } from "./log/eventLog.js"

export class Reader {
  readonly cursors = new Map<EventLog, Cursor>()
  /** For a reader of single events: how often it was asked, and what closes it when it is not asked any more. */
  idle: { readonly asks: () => number; readonly leave: () => void } | undefined
  /** Its run or stream has ended. */
  hasLeft = false
  /** Called when a cursor has as many items as it may. */
  onFull: ((log: EventLog) => void) | undefined
  /** The cursor that the last item was read from. */
  current: Cursor | undefined
  /**
   * Reads in the order of positions instead of in turns: while a fleet is resharded, and until its old shards are read to their
   * end, two logs hold events of one guild.
   */
  isOrdered = false
  // Cursors that may have something to read, and whose turn it is.
  private readonly listed: Array<Cursor> = []
  private turn = 0
  private readonly waiters = new Set<() => void>()
  // Logs of shards that were replaced, whose events are still read or handled.
  private readonly retiring = new Set<EventLog>()
  readonly options: Options
  private readonly ending: Readonly<Ending> | undefined

  /** `ending` is none for a reader of one shard, which ends with its log. */
  constructor(options: Options, ending: Readonly<Ending> | undefined) {
    this.options = options
    this.ending = ending
  }

  /** Adds a cursor in a log, which takes over what `from` has not read. */
  attach(log: EventLog, from?: Cursor): void {
    const cursor = log.open(this.options, from)
    cursor.reader = this
    this.cursors.set(log, cursor)
    cursor.listener = this.onReadable
    this.onReadable(cursor)
  }

  /** Removes the cursor in a log. */
  detach(log: EventLog): void {
    const cursor = this.cursors.get(log)
    if (cursor !== undefined) {
      this.cursors.delete(log)
      this.retiring.delete(log)
      log.close(cursor)
      this.wake()
    }
  }

  /** Removes the cursor in a log that receives nothing more, once its events are handled. */
  retire(log: EventLog): void {
    this.retiring.add(log)
    this.settleRetiring()
  }

  /** The lowest position that is not finished, infinity if all are. */
  lowestPosition(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const cursor of this.cursors.values()) {
      lowest = Math.min(lowest, cursor.lowestPosition())
    }
    return lowest
  }

  close(): void {
    Array.from(this.cursors.keys()).forEach((log) => this.detach(log))
  }

  /** Reads and begins the next item that may be read. */
  next(): Item | undefined {
    return this.isOrdered || this.retiring.size > 0 ? this.nextInOrder() : this.nextInTurn()
  }

  /** What reading fails with now; none while there is something to read, or may be. */
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

  /** Whether a cursor was ended by its strategy, and what it holds was read. */
  hasOverflowed(): boolean {
    return this.isDrained() && Array.from(this.cursors.values()).some((cursor) => cursor.hasOverflowed)
  }

  hasNext(): boolean {
    for (const cursor of this.listed) {
      if (cursor.hasNext()) {
        return true
      }
    }
    return false
  }

  /**
   * Calls `wake` once, when there is something to read or reading ends. Returns what cancels it. One that waits while there is
   * something, or after the end, is woken at once.
   */
  onAvailable(wake: () => void): () => void {
    this.waiters.add(wake)
    if (this.hasNext() || this.failure() !== undefined || this.hasOverflowed()) {
      this.wake()
    }
    return () => this.waiters.delete(wake)
  }

  /** Items that wait for the reader, in all logs. */
  get lag(): number {
    let lag = 0
    for (const cursor of this.cursors.values()) {
      lag += cursor.lag
    }
    return lag
  }

  /** Whether the reader waits for something to read. */
  get isStarved(): boolean {
    return this.waiters.size > 0
  }

  wake(): void {
    if (this.waiters.size > 0) {
      const waiting = Array.from(this.waiters)
      this.waiters.clear()
      waiting.forEach((wake) => wake())
    }
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
    if (!cursor.isListed) {
      cursor.isListed = true
      this.listed.push(cursor)
    }
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

  private nextInOrder(): Item | undefined {
    let first: Cursor | undefined
    for (let i = this.listed.length - 1; i >= 0; i--) {
      const cursor = this.listed[i]
      if (cursor === undefined || !cursor.hasNext()) {
        // The gate is asked to open by the attempt to read.
        cursor?.next()
        this.unlist(i)
      } else if (first === undefined || cursor.nextPosition() < first.nextPosition()) {
        first = cursor
      }
    }
    this.current = first
    if (first === undefined) {
      this.settleRetiring()
    }
    return first?.next()
  }

  private settleRetiring(): void {
    for (const log of Array.from(this.retiring)) {
      if (this.cursors.get(log)?.lowestPosition() === Number.POSITIVE_INFINITY) {
        this.detach(log)
      }
    }
  }

  /** Takes a cursor out of the list; the last one takes its place. */
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
