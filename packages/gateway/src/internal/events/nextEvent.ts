/**
 * Reading one event at a time, by fibers that share one cursor. The event belongs to the fiber that asked for it: it is done when
 * that fiber asks again or ends well, and given back when it is interrupted or fails.
 *
 * A fiber that begins another reader, itself or through a fiber that it has forked, asks no more: that reader takes over what was
 * not read. So a program can await READY with `nextEvent` and go on with handlers, and misses nothing in between.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Function from "effect/Function"
import type * as ShardError from "../../ShardError.js"
import type { After } from "../time/after.js"
import type { Cursor, Options as CursorOptions } from "./log/cursor.js"
import type { Entry, Item } from "./log/entry.js"
import type { Reader } from "./reader.js"
import type { Readers } from "./readers.js"

/** A fiber that has asked, and the event that it was given last. */
interface Asker {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  held: { readonly cursor: Cursor; readonly entry: Entry } | undefined
  hasReceived: boolean
}

/** While other readers wait for it, a reader that is not asked for so long counts as gone. */
const idleMillis = 30_000

const isAlone = { fork: (asker: Asker | undefined) => asker, join: (parent: Asker | undefined) => parent }

/** Returns true if a fiber has succeeded. A fiber of `Effect.forEach` or `Effect.all` ends with the exit of its element as a value. */
const isWell = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isSuccess(exit) && (!Exit.isExit(exit.value) || Exit.isSuccess(exit.value))

export class NextEvent {
  private reader: Reader | undefined
  private readonly askers = new Set<Asker>()
  private readonly lastAsker = FiberRef.unsafeMake<Asker | undefined>(undefined, isAlone)
  /** A fiber that has read events was interrupted or has failed: what it has not read waits for the next one that asks. */
  private isInterrupted = false
  private asks = 0
  private cancelIdle: () => void = Function.constVoid
  private readonly readers: Readers
  private readonly options: CursorOptions
  private readonly isTracked: boolean
  private readonly after: After

  /** `isTracked` says whether the session to resume from stays before an event that is not done. */
  constructor(
    readers: Readers,
    options: CursorOptions,
    isTracked: boolean,
    after: After
  ) {
    this.readers = readers
    this.options = options
    this.isTracked = isTracked
    this.after = after
  }

  /** Reads the next item that `pick` does not pass over. `start` runs before it waits. */
  read<A, E>(
    start: Effect.Effect<void>,
    pick: (item: Item, cursor: Cursor) => Exit.Exit<A, E> | undefined
  ): Effect.Effect<A, E | ShardError.TerminalError> {
    const next: Effect.Effect<A, E | ShardError.TerminalError> = Effect.withFiberRuntime((fiber) => {
      const asker = fiber.getFiberRef(this.lastAsker)
      if (asker?.fiber !== fiber) {
        return Effect.zipRight(this.enlist(fiber), next)
      }
      const reader = this.ask(asker)
      for (let item = reader.next(); item !== undefined; item = reader.next()) {
        const picked = reader.current && pick(item, reader.current)
        if (picked !== undefined) {
          this.hold(asker, reader.current, item, Exit.isSuccess(picked))
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

  /** A fiber begins another reader. Returns what that is to take over. */
  leave(fiber: Fiber.RuntimeFiber<unknown, unknown>): Reader | undefined {
    const asker = fiber.getFiberRef(this.lastAsker)
    if (asker !== undefined) {
      this.finish(asker)
      this.askers.delete(asker)
    }
    const { reader } = this
    if (
      reader === undefined || (asker === undefined && this.isInterrupted) || this.askers.size > 0 || reader.isStarved
    ) {
      return undefined
    }
    this.forget()
    return reader
  }

  /** A fiber begins another reader, which has events of its own to begin with. */
  leaveUnread(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    const left = fiber.getFiberRef(this.lastAsker) && this.leave(fiber)
    if (left !== undefined) {
      this.readers.close(left)
    }
  }

  private open(): Reader {
    if (this.reader === undefined) {
      const left = this.readers.adopt(undefined, undefined, undefined)
      const reader = this.readers.open(this.options, left)
      reader.idle = { asks: () => this.asks, leave: () => this.abandon(reader) }
      this.reader = reader
      this.watchIdle(reader)
    }
    return this.reader
  }

  private enlist(fiber: Fiber.RuntimeFiber<unknown, unknown>): Effect.Effect<void> {
    const asker: Asker = { fiber, held: undefined, hasReceived: false }
    fiber.addObserver((exit) => {
      const { held } = asker
      asker.held = undefined
      this.askers.delete(asker)
      if (isWell(exit)) {
        held?.cursor.done(held.entry)
      } else {
        this.isInterrupted ||= asker.hasReceived
        held?.cursor.giveBack([held.entry])
      }
    })
    return FiberRef.set(this.lastAsker, asker)
  }

  private ask(asker: Asker): Reader {
    this.asks++
    this.isInterrupted = false
    this.finish(asker)
    this.askers.add(asker)
    return this.open()
  }

  private finish(asker: Asker): void {
    asker.held?.cursor.done(asker.held.entry)
    asker.held = undefined
  }

  private hold(asker: Asker, cursor: Cursor | undefined, item: Item, isGiven: boolean): void {
    asker.hasReceived ||= isGiven
    if (this.isTracked && isGiven && cursor !== undefined && item._tag === "Dispatch") {
      cursor.begin(item)
      asker.held = { cursor, entry: item }
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
      this.askers.clear()
      this.readers.abandon(reader)
    }
  }

  private watchIdle(reader: Reader): void {
    const before = this.asks
    this.cancelIdle = this.after(idleMillis, () => {
      if (this.asks === before && !reader.isStarved && this.readers.hasOthers(reader)) {
        this.abandon(reader)
      } else {
        this.watchIdle(reader)
      }
    })
  }
}
