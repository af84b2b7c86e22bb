/**
 * The readers of a shard or a fleet, and the places of runs and streams that have ended. The place of a run waits for the next run
 * with the same key; after `drainTimeout` it is dropped with a diagnostic, and the session moves on. Until then it may pause the
 * socket for events that its run has not handled, but not for later ones while another reader reads.
 */
import * as Diagnostic from "../../Diagnostic.js"
import type { After } from "../time/after.js"
import type { Options as CursorOptions } from "./log/cursor.js"
import type { Item } from "./log/entry.js"
import type { Ending, EventLog } from "./log/eventLog.js"
import { Reader } from "./reader.js"
import type { Runs } from "./runner.js"

export interface Options {
  /** The end of a fleet; none for the readers of one shard, which end with its log. */
  readonly ending: Readonly<Ending> | undefined
  readonly drainTimeoutMillis: number
  /** Keeps the place of a stream that has ended, so that a released shard saves a session before its unread events. */
  readonly keepsStreams: boolean
  readonly after: After
  readonly notice: (diagnostic: Diagnostic.Diagnostic) => void
}

interface Leftover {
  readonly reader: Reader
  readonly key: unknown
  readonly handler: unknown
  readonly cancel: () => void
}

type Wanted = CursorOptions["wanted"]

const covers = (wanted: Wanted, before: Wanted): boolean =>
  wanted === undefined || (before !== undefined && Array.from(before).every((t) => wanted.has(t)))

/** Returns true if a reader that has not left reads from the log. */
const isReadIn = ({ cursors }: EventLog): boolean =>
  Array.from(cursors).some(({ reader }) => reader !== undefined && !reader.hasLeft)

export class Readers {
  /** What ends each run of handlers that is under way. */
  readonly runs: Runs = new Set()
  private readonly attached = new Set<Reader>()
  private readonly leftovers = new Set<Leftover>()
  /** The logs of all shards, and whether the shard was replaced before anything was read. */
  private readonly logs = new Map<EventLog, boolean>()
  private isOrdered = false
  /** The stream that has ended last. */
  private lastStream: { readonly reader: Reader; readonly cancel: () => void } | undefined
  private isReleased = false
  private readonly options: Options

  constructor(options: Options) {
    this.options = options
  }

  /** Adds the log of a new shard, from its first event on. */
  addLog(log: EventLog): void {
    this.logs.set(log, false)
    this.all().forEach((reader) => reader.attach(log))
  }

  /** Removes the log of a shard that was replaced. Readers read it to its end. */
  removeLog(log: EventLog): void {
    if (log.backlog === undefined) {
      this.logs.delete(log)
    } else {
      this.logs.set(log, true)
    }
    this.all().forEach((reader) => reader.retire(log))
  }

  /** Sets whether events of one guild may be in two logs. */
  setOrdered(isOrdered: boolean): void {
    this.isOrdered = isOrdered
    this.all().forEach((reader) => {
      reader.isOrdered = isOrdered
    })
  }

  /** Adds a reader, which takes over what `from` has not read. */
  open(options: CursorOptions, from?: Reader): Reader {
    const reader = new Reader(options, this.options.ending)
    reader.isOrdered = this.isOrdered
    for (const [log, isReplaced] of this.logs) {
      reader.attach(log, from?.cursors.get(log))
      if (isReplaced) {
        this.logs.delete(log)
        reader.retire(log)
      }
    }
    for (const [log, cursor] of from?.cursors ?? []) {
      if (!this.logs.has(log)) {
        reader.attach(log, cursor)
        reader.retire(log)
      }
    }
    if (from !== undefined) {
      this.close(from)
    }
    this.attached.add(reader)
    this.leftovers.forEach(({ reader }) => {
      for (const log of reader.cursors.keys()) {
        if (log.flow.holders.some((holder) => holder.reader === reader)) {
          reader.onFull?.(log)
        }
      }
    })
    return reader
  }

  /** Adds readers that all receive the same: the unread events of `from`, or all since the start if nothing has read. */
  openAll(all: ReadonlyArray<CursorOptions>, from: Reader | undefined): Array<Reader> {
    const [first, ...later] = all
    if (first === undefined) {
      if (from !== undefined) {
        this.close(from)
      }
      return []
    }
    const unread = new Map<EventLog, ReadonlyArray<Item>>()
    for (const log of [...this.logs.keys(), ...from?.cursors.keys() ?? []]) {
      unread.set(log, (from?.cursors.get(log) ?? log.backlog)?.unread() ?? [])
    }
    return [this.open(first, from), ...later.map((options) => this.openWith(options, unread))]
  }

  close(reader: Reader): void {
    this.attached.delete(reader)
    reader.close()
  }

  /**
   * Takes up what a run with this key has left behind, if all that it wanted is wanted now; if there are several, that of the same
   * handler. The caller opens a reader from it.
   */
  adopt(key: unknown, handler: unknown, wanted: Wanted): Reader | undefined {
    const candidates = Array.from(this.leftovers).filter((leftover) =>
      leftover.key === key && covers(wanted, leftover.reader.options.wanted)
    )
    const leftover = candidates.find((leftover) => leftover.handler === handler) ?? candidates[0]
    if (leftover === undefined) {
      return undefined
    }
    leftover.cancel()
    this.leftovers.delete(leftover)
    return leftover.reader
  }

  /** Ends a run. What it has not handled, and what is received from now on, waits for the next run with this key. */
  leave(reader: Reader, key: unknown, handler: unknown): void {
    this.attached.delete(reader)
    const drop = () => {
      leftover.cancel()
      if (!this.isReleased && this.leftovers.delete(leftover)) {
        this.abandon(reader)
      }
    }
    const leftover: Leftover = {
      reader,
      key,
      handler,
      cancel: this.options.after(this.options.drainTimeoutMillis, drop)
    }
    this.leftovers.add(leftover)
    reader.hasLeft = true
    if (reader.lowestPosition() === Number.POSITIVE_INFINITY) {
      reader.onFull = (log) => {
        if (isReadIn(log)) {
          drop()
        }
      }
    }
  }

  /** Ends a stream. Its place is kept for the time that the shard may take to be released, and pauses nothing. */
  leaveStream(reader: Reader): void {
    if (!this.options.keepsStreams) {
      return this.close(reader)
    }
    this.forgetStream()
    this.attached.delete(reader)
    reader.hasLeft = true
    reader.cursors.forEach((cursor) => cursor.keepPlace())
    this.lastStream = { reader, cancel: this.options.after(this.options.drainTimeoutMillis, () => this.forgetStream()) }
  }

  /** Keeps all places from now on: the session is about to be saved for the next process. */
  release(): void {
    this.isReleased = true
  }

  /** Drops what a reader has not read, because it does not read any more. */
  abandon(reader: Reader): void {
    const events = reader.lag
    this.close(reader)
    if (events > 0) {
      this.options.notice(Diagnostic.Abandoned({ reader: reader.options.name, events }))
    }
  }

  /** Fails all readers at once, or lets them read to the end first. */
  wakeAll(): void {
    this.all().forEach((reader) => reader.wake())
  }

  /** Whether another reader than this one reads. */
  hasOthers(reader: Reader): boolean {
    return this.attached.size > (this.attached.has(reader) ? 1 : 0)
  }

  /** The lowest position that an acknowledging reader has not finished. */
  lowestPosition(): number {
    return this.all().filter(({ options }) => options.acknowledges).reduce(
      (lowest, reader) => Math.min(lowest, reader.lowestPosition()),
      Number.POSITIVE_INFINITY
    )
  }

  private openWith(options: CursorOptions, unread: ReadonlyMap<EventLog, ReadonlyArray<Item>>): Reader {
    const reader = this.open(options)
    for (const [log, items] of unread) {
      const isReplaced = !reader.cursors.has(log)
      if (isReplaced) {
        reader.attach(log)
      }
      reader.cursors.get(log)?.receive(items)
      if (isReplaced) {
        reader.retire(log)
      }
    }
    return reader
  }

  private forgetStream(): void {
    const { lastStream } = this
    if (lastStream !== undefined && !this.isReleased) {
      this.lastStream = undefined
      lastStream.cancel()
      this.close(lastStream.reader)
    }
  }

  private all(): ReadonlyArray<Reader> {
    return [...this.attached, ...Array.from(this.leftovers, ({ reader }) => reader)]
  }
}
