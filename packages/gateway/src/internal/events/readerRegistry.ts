/**
 * The readers of a shard or a fleet, and the readers of runs and streams that have ended. The reader of an ended run is kept for the
 * next run with the same key. After `drainTimeout` it is closed with a diagnostic, and the session advances. Until then it can pause
 * the socket because of events that its run has not handled, but not because of later ones while another reader reads.
 */
import * as Diagnostic from "../../Diagnostic.js"
import type { After } from "../time/index.js"
import type { CursorOptions, Ending, EventLog, Item } from "./log/index.js"
import { Reader } from "./reader.js"
import type { Runs } from "./runner.js"

export interface ReadersOptions {
  /** The end of a fleet. Undefined for the readers of one shard, which end with its log. */
  readonly ending: Readonly<Ending> | undefined
  readonly drainTimeoutMillis: number
  /** Keeps the reader of the last ended stream, so that a released shard saves a session before its unread events. */
  readonly keepsStreams: boolean
  readonly after: After.After
  readonly publish: (diagnostic: Diagnostic.Diagnostic) => void
}

/** A run that has ended, with its unhandled events. */
interface EndedRun {
  readonly reader: Reader
  readonly key: unknown
  readonly handler: unknown
  readonly cancel: () => void
}

type Wanted = CursorOptions["wanted"]

const covers = (wanted: Wanted, before: Wanted): boolean =>
  wanted === undefined || (before !== undefined && Array.from(before).every((t) => wanted.has(t)))

/** Returns true if an active reader reads from the log. */
const isReadIn = ({ cursors }: EventLog): boolean =>
  Array.from(cursors).some(({ reader }) => reader !== undefined && !reader.hasEnded)

export class Readers {
  /** An effect for each active run of handlers, which ends it. */
  readonly runs: Runs = new Set()
  private readonly attached = new Set<Reader>()
  private readonly endedRuns = new Set<EndedRun>()
  /** The logs of all shards. The value is true if the shard was replaced before the first reader opened. */
  private readonly logs = new Map<EventLog, boolean>()
  private isOrdered = false
  private lastStream: { readonly reader: Reader; readonly cancel: () => void } | undefined
  private isReleased = false
  private readonly options: ReadersOptions

  constructor(options: ReadersOptions) {
    this.options = options
  }

  /** Adds the log of a new shard. All readers receive its events from the first one on. */
  addLog(log: EventLog): void {
    this.logs.set(log, false)
    this.all().forEach((reader) => reader.attach(log))
  }

  /** Removes the log of a replaced shard. Readers read it to its end. */
  removeLog(log: EventLog): void {
    if (log.backlog === undefined) {
      this.logs.delete(log)
    } else {
      this.logs.set(log, true)
    }
    this.all().forEach((reader) => reader.retire(log))
  }

  /** Reads items in the order of their positions while two logs contain events of one guild. */
  setOrdered(isOrdered: boolean): void {
    this.isOrdered = isOrdered
    this.all().forEach((reader) => reader.setOrdered(isOrdered))
  }

  /** Opens a reader, with the unread events of `from`. */
  open(options: CursorOptions, from?: Reader): Reader {
    const reader = new Reader(options, this.options.ending)
    reader.setOrdered(this.isOrdered)
    for (const [log, isReplaced] of this.logs) {
      reader.attach(log, from?.cursors.get(log))
      if (isReplaced) {
        if (!options.isObserver) {
          this.logs.delete(log)
        }
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
    this.endedRuns.forEach(({ reader }) => {
      for (const log of reader.cursors.keys()) {
        if (log.backpressure.holders.some((holder) => holder.reader === reader)) {
          reader.onFull?.(log)
        }
      }
    })
    return reader
  }

  /** Opens readers that receive the same events: the unread ones of `from`, or all since the start for the first readers. */
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
   * Returns the reader of an ended run with this key whose events are all wanted now, preferably of the same handler. The caller opens
   * a reader from it.
   */
  adopt(key: unknown, handler: unknown, wanted: Wanted): Reader | undefined {
    const candidates = Array.from(this.endedRuns).filter((ended) =>
      ended.key === key && covers(wanted, ended.reader.options.wanted)
    )
    const ended = candidates.find((ended) => ended.handler === handler) ?? candidates[0]
    if (ended === undefined) {
      return undefined
    }
    ended.cancel()
    this.endedRuns.delete(ended)
    return ended.reader
  }

  /** Ends a run. Its unhandled and all later events wait for the next run with this key. */
  endRun(reader: Reader, key: unknown, handler: unknown): void {
    this.attached.delete(reader)
    const drop = () => {
      ended.cancel()
      if (!this.isReleased && this.endedRuns.delete(ended)) {
        this.abandon(reader)
      }
    }
    const ended: EndedRun = {
      reader,
      key,
      handler,
      cancel: this.options.after(this.options.drainTimeoutMillis, drop)
    }
    this.endedRuns.add(ended)
    reader.hasEnded = true
    if (reader.lowestPosition() === Number.POSITIVE_INFINITY) {
      reader.onFull = (log) => {
        if (isReadIn(log)) {
          drop()
        }
      }
    }
  }

  /** Ends a stream. Its reader is kept for `drainTimeout`, because the shard may be released, and does not pause the socket. */
  endStream(reader: Reader): void {
    if (!this.options.keepsStreams) {
      return this.close(reader)
    }
    this.forgetStream()
    this.attached.delete(reader)
    reader.hasEnded = true
    reader.cursors.forEach((cursor) => cursor.makePassive())
    this.lastStream = { reader, cancel: this.options.after(this.options.drainTimeoutMillis, () => this.forgetStream()) }
  }

  /** Keeps ended readers from now on, because the session is about to be saved for the next process. */
  release(): void {
    this.isReleased = true
  }

  /** Closes a reader, with a diagnostic that counts its unread events. */
  abandon(reader: Reader): void {
    const events = reader.buffered
    this.close(reader)
    if (events > 0) {
      this.options.publish(Diagnostic.Abandoned({ reader: reader.options.name, events }))
    }
  }

  /** Wakes all readers, after `ending` has changed. */
  wakeAll(): void {
    this.all().forEach((reader) => reader.wake())
  }

  /** Returns true if there are other readers than this one and observers. */
  hasOthers(reader: Reader): boolean {
    return Array.from(this.attached).some((other) => other !== reader && !other.options.isObserver)
  }

  /** Returns the lowest position that an acknowledging reader has not finished. */
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
    return [...this.attached, ...Array.from(this.endedRuns, ({ reader }) => reader)]
  }
}
