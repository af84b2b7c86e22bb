/**
 * Reads one event at a time. The fibers that call `nextEvent` or `nextMessage` share one cursor. An event belongs to the fiber that
 * received it: it is done when that fiber reads again or succeeds, and is requeued when the fiber fails or is interrupted.
 *
 * When a fiber opens another reader, itself or through a fiber that it has forked, that reader continues with the unread events. So a
 * program can await READY with `nextEvent`, continue with handlers, and miss no event.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Function from "effect/Function"
import type * as ShardError from "../../ShardError.js"
import { readAll } from "./log/index.js"
import type { Cursor, Entry, Item } from "./log/index.js"
import type { Reader } from "./reader.js"
import { isTracked, type ReaderSource } from "./readerSource.js"

/** A fiber that reads, and the event that it received last. */
interface Caller {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  inFlight: { readonly cursor: Cursor; readonly entry: Entry } | undefined
  hasReceived: boolean
}

/**
 * Interval of the check for calls. A reader without a call during a whole interval is closed if other readers read, which is one to two
 * intervals after its last call: a timer for each call would be on the hot path.
 */
const idleMillis = 30_000

const options = readAll("`nextEvent`")

const unshared = { fork: (caller: Caller | undefined) => caller, join: (parent: Caller | undefined) => parent }

/** Returns true if a fiber has succeeded. A fiber of `Effect.forEach` or `Effect.all` ends with the exit of its element as a value. */
const hasSucceeded = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isSuccess(exit) && (!Exit.isExit(exit.value) || Exit.isSuccess(exit.value))

/** The cursor of `nextEvent` and `nextMessage`, and the fibers that share it. */
export class NextEvent {
  private reader: Reader | undefined
  private readonly callers = new Set<Caller>()
  private readonly lastCaller = FiberRef.unsafeMake<Caller | undefined>(undefined, unshared)
  /** A fiber that has received events was interrupted or has failed: its unread events wait for the next call. */
  private isInterrupted = false
  private calls = 0
  private cancelIdle: () => void = Function.constVoid
  private readonly source: ReaderSource

  constructor(source: ReaderSource) {
    this.source = source
  }

  /** Reads the next item for which `pick` returns an exit. `start` runs before it waits. */
  read<A, E>(
    start: Effect.Effect<void>,
    pick: (item: Item, cursor: Cursor) => Exit.Exit<A, E> | undefined
  ): Effect.Effect<A, E | ShardError.TerminalError> {
    const next: Effect.Effect<A, E | ShardError.TerminalError> = Effect.withFiberRuntime((fiber) => {
      const caller = fiber.getFiberRef(this.lastCaller)
      if (caller?.fiber !== fiber) {
        return Effect.zipRight(this.register(fiber), next)
      }
      const reader = this.beginCall(caller)
      for (let item = reader.next(); item !== undefined; item = reader.next()) {
        const picked = reader.current && pick(item, reader.current)
        if (picked !== undefined) {
          this.trackInFlight(caller, reader.current, item, Exit.isSuccess(picked))
          return picked
        }
      }
      const failure = reader.failure()
      return failure === undefined ? startAndWait : Exit.fail(failure)
    })
    const wait = Effect.async<void>((resume) => {
      const cancel = this.open().onAvailable(() => resume(Effect.void))
      return Effect.sync(cancel)
    })
    const startAndWait = Effect.zipRight(Effect.zipRight(start, wait), next)
    return next
  }

  /** Keeps control payloads for readers of messages from now on. */
  keepControls(): void {
    for (const cursor of this.open().cursors.values()) {
      cursor.wantsControls = true
    }
  }

  /** Called when the fiber opens another reader. Returns the reader whose unread events the new one continues with. */
  handOver(fiber: Fiber.RuntimeFiber<unknown, unknown>): Reader | undefined {
    const caller = fiber.getFiberRef(this.lastCaller)
    if (caller !== undefined) {
      this.complete(caller)
      this.callers.delete(caller)
    }
    const { reader } = this
    if (
      reader === undefined || (caller === undefined && this.isInterrupted) || this.callers.size > 0 || reader.isWaiting
    ) {
      return undefined
    }
    this.forget()
    return reader
  }

  /** Called when the fiber opens another reader that continues with the events of an ended run. */
  dropUnread(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    const unread = fiber.getFiberRef(this.lastCaller) && this.handOver(fiber)
    if (unread !== undefined) {
      this.source.readers.close(unread)
    }
  }

  private open(): Reader {
    if (this.reader === undefined) {
      const { readers } = this.source
      const reader = readers.open(options, readers.adopt(undefined, undefined, undefined))
      reader.idle = { calls: () => this.calls, close: () => this.abandon(reader) }
      this.reader = reader
      this.watchIdle(reader)
    }
    return this.reader
  }

  private register(fiber: Fiber.RuntimeFiber<unknown, unknown>): Effect.Effect<void> {
    const caller: Caller = { fiber, inFlight: undefined, hasReceived: false }
    fiber.addObserver((exit) => {
      const { inFlight } = caller
      caller.inFlight = undefined
      this.callers.delete(caller)
      if (hasSucceeded(exit)) {
        inFlight?.cursor.done(inFlight.entry)
      } else {
        this.isInterrupted ||= caller.hasReceived
        inFlight?.cursor.requeue([inFlight.entry])
      }
    })
    return FiberRef.set(this.lastCaller, caller)
  }

  private beginCall(caller: Caller): Reader {
    this.calls++
    this.isInterrupted = false
    this.complete(caller)
    this.callers.add(caller)
    return this.open()
  }

  private complete(caller: Caller): void {
    caller.inFlight?.cursor.done(caller.inFlight.entry)
    caller.inFlight = undefined
  }

  private trackInFlight(caller: Caller, cursor: Cursor | undefined, item: Item, isReceived: boolean): void {
    caller.hasReceived ||= isReceived
    if (isReceived && cursor !== undefined && item._tag === "Dispatch" && isTracked(this.source)) {
      cursor.start(item)
      caller.inFlight = { cursor, entry: item }
    }
  }

  private forget(): void {
    this.cancelIdle()
    this.isInterrupted = false
    this.reader = undefined
  }

  private abandon(reader: Reader): void {
    if (this.reader === reader) {
      this.forget()
      this.callers.clear()
      this.source.readers.abandon(reader)
    }
  }

  private watchIdle(reader: Reader): void {
    const before = this.calls
    this.cancelIdle = this.source.after(idleMillis, () => {
      if (this.calls === before && !reader.isWaiting && this.source.readers.hasOthers(reader)) {
        this.abandon(reader)
      } else {
        this.watchIdle(reader)
      }
    })
  }
}
