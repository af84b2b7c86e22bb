/**
 * Runs handlers on what a reader reads: of a shard, a fleet or a cluster. A handler that is done at once runs in a plain loop,
 * without a fiber; any other runs in a fiber of its own, in the context of the run. Nothing is read ahead of its handler but
 * events that wait behind another of their guild.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type * as ShardError from "../../ShardError.js"
import { runToCompletion } from "../time/index.js"
import { isFailure } from "./log/index.js"
import type { Cursor, Entry, Parse } from "./log/index.js"
import { guildOf } from "./guildOf.js"
import * as Handling from "./handling.js"
import { Lanes } from "./lanes.js"
import type { Reader } from "./reader.js"

export interface Options {
  /** Handlers at a time. */
  readonly concurrency: number
  /** Whether events of one guild are handled one after the other, whatever the concurrency. */
  readonly isOrdered: boolean
  /** Whether an event whose handler has not succeeded is given back. */
  readonly isTracked: boolean
  /** How long handlers may go on after the run was interrupted or has failed. */
  readonly drainTimeout: Duration.Duration
}

/** Handles an event of a shard. It may throw. */
export type Handler<E, R> = (event: Dispatch.Dispatch, shard: ShardId.ShardId) => Effect.Effect<unknown, E, R>

/** An event and where it was read. */
interface Task {
  readonly event: Dispatch.Dispatch
  readonly entry: Entry
  readonly cursor: Cursor
  readonly lane: string
}

/** Handlers that are done at once let other fibers run after so many events. */
const maxTurns = 256

const laneOf = (event: Dispatch.Dispatch, { id, total }: ShardId.ShardId): string =>
  guildOf(event) ?? `shard ${id}/${total}`

/** The handlers of one run that are under way, and the loop that begins them. */
class Engine<E, R> {
  /** Completes when the run cannot go on. */
  readonly ending = Deferred.unsafeMake<void>(FiberId.none)
  readonly causes: Array<Cause.Cause<E | ShardError.FatallyClosedError>> = []
  isStopping = false
  private readonly lanes: Lanes<Task> | undefined
  private readonly unfinished: Array<Task> = []
  private readonly running = new Map<Fiber.RuntimeFiber<unknown, E>, Task>()
  private cancelWait: (() => void) | undefined
  private isPumping = false
  private turns = 0
  private readonly reader: Reader
  private readonly parse: Parse.Parse
  private readonly handler: Handler<E, R>
  private readonly fork: (
    effect: Effect.Effect<unknown, E, Exclude<R, Scope.Scope>>
  ) => Fiber.RuntimeFiber<unknown, E>
  private readonly yieldThen: (resume: () => void) => void
  private readonly options: Options

  constructor(
    reader: Reader,
    parse: Parse.Parse,
    handler: Handler<E, R>,
    fork: (
      effect: Effect.Effect<unknown, E, Exclude<R, Scope.Scope>>
    ) => Fiber.RuntimeFiber<unknown, E>,
    yieldThen: (resume: () => void) => void,
    options: Options
  ) {
    this.reader = reader
    this.parse = parse
    this.handler = handler
    this.fork = fork
    this.yieldThen = yieldThen
    this.options = options
    this.lanes = options.isOrdered && options.concurrency > 1 ? new Lanes() : undefined
  }

  /** Begins handlers for as long as there is something to read and room for another handler. */
  readonly pump = (): void => {
    if (this.isPumping) {
      return
    }
    this.isPumping = true
    this.cancelWait?.()
    this.cancelWait = undefined
    while (!this.isStopping && this.running.size < this.options.concurrency) {
      if (++this.turns > maxTurns) {
        this.turns = 0
        this.yieldThen(this.pump)
        break
      }
      if (!this.step()) {
        break
      }
    }
    this.isPumping = false
  }

  /** Begins no more handlers. */
  stop(): void {
    this.isStopping = true
    this.cancelWait?.()
  }

  /** Handles one event, or waits for it. Whether there may be another. */
  private step(): boolean {
    const deferred = this.lanes?.next()
    if (deferred !== undefined) {
      deferred.cursor.undefer(deferred.entry)
      this.handle(deferred.event, deferred.entry, deferred.cursor, deferred)
      return true
    }
    const item = this.reader.next()
    const { current } = this.reader
    if (item === undefined || current === undefined) {
      this.wait()
      return false
    }
    if (item._tag === "Dispatch") {
      const event = this.parse(item)
      if (isFailure(event)) {
        current.log.reportUnreadable(item, event)
      } else {
        this.enter(event, item, current)
      }
    }
    return true
  }

  private enter(event: Dispatch.Dispatch, entry: Entry, cursor: Cursor): void {
    if (this.lanes === undefined) {
      return this.handle(event, entry, cursor, undefined)
    }
    const task: Task = { event, entry, cursor, lane: laneOf(event, cursor.log.shard) }
    if (this.lanes.enter(task)) {
      this.handle(event, entry, cursor, task)
    } else {
      cursor.defer(entry)
    }
  }

  private handle(event: Dispatch.Dispatch, entry: Entry, cursor: Cursor, inLane: Task | undefined): void {
    const handling = Handling.attempt(() => this.handler(event, cursor.log.shard))
    if (Handling.isDone(handling)) {
      if (inLane !== undefined) {
        cursor.done(entry)
        this.lanes?.leave(inLane)
      }
      return
    }
    if (this.options.isTracked) {
      cursor.begin(entry)
    } else {
      cursor.done(entry)
    }
    const task = inLane ?? { event, entry, cursor, lane: "" }
    const fiber = this.fork(Effect.scoped(handling))
    this.running.set(fiber, task)
    fiber.addObserver((exit) => this.settle(fiber, task, exit))
  }

  private settle(fiber: Fiber.RuntimeFiber<unknown, E>, task: Task, exit: Exit.Exit<unknown, E>): void {
    this.running.delete(fiber)
    if (Exit.isSuccess(exit)) {
      task.cursor.done(task.entry)
      this.lanes?.leave(task)
    } else {
      this.unfinished.push(task)
      if (!this.isStopping || !Cause.isInterruptedOnly(exit.cause)) {
        this.causes.push(exit.cause)
        this.stop()
        this.finish()
      }
    }
    this.pump()
  }

  /** Returns what was read and not handled: events whose handlers did not succeed only where that is tracked. */
  giveBack(): void {
    const left = new Map<Cursor, Array<Entry>>()
    const add = ({ cursor, entry }: Task) => left.set(cursor, [...left.get(cursor) ?? [], entry])
    for (const task of this.lanes?.drain() ?? []) {
      task.cursor.undefer(task.entry)
      add(task)
    }
    if (this.options.isTracked) {
      this.unfinished.forEach(add)
    }
    left.forEach((entries, cursor) => cursor.giveBack(entries))
  }

  private wait(): void {
    const failure = this.reader.failure()
    if (failure === undefined) {
      // Not at once: the packet's other events come first, and the socket's callback is not the place for handlers.
      this.cancelWait = this.reader.onAvailable(() => queueMicrotask(this.pump))
    } else if (this.running.size === 0) {
      if (failure._tag === "FatallyClosedError") {
        this.causes.push(Cause.fail(failure))
      }
      this.finish()
    }
  }

  private finish(): void {
    Deferred.unsafeDone(this.ending, Effect.void)
  }

  get fibers(): ReadonlyArray<Fiber.RuntimeFiber<unknown, E>> {
    return Array.from(this.running.keys())
  }
}

/** Runs in progress, by what ends them. */
export type Runs = Set<Effect.Effect<void>>

/** Runs the handler on what the reader reads, until reading ends or a handler fails. Then what it has not handled is given back. */
export const run = <E, R>(
  reader: Reader,
  parse: Parse.Parse,
  handler: Handler<E, R>,
  options: Options,
  runs: Runs
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const fibers = yield* FiberSet.make<unknown, E>()
      // Handlers can be interrupted, also where the run cannot.
      const fork = yield* Effect.interruptible(FiberSet.runtime(fibers)<Exclude<R, Scope.Scope>>())
      const scheduler = yield* FiberRef.get(FiberRef.currentScheduler)
      const engine = new Engine(reader, parse, handler, fork, (resume) => scheduler.scheduleTask(resume, 0), options)
      const over = yield* Deferred.make<void>()
      const end = Effect.zipRight(Deferred.succeed(engine.ending, undefined), Deferred.await(over))
      runs.add(end)
      engine.pump()
      const waited = yield* Effect.exit(restore(Deferred.await(engine.ending)))
      engine.stop()
      const drained = Effect.suspend(() => Fiber.awaitAll(engine.fibers))
      yield* runToCompletion(Effect.timeoutOption(drained, options.drainTimeout))
      yield* Effect.suspend(() => Fiber.interruptAll(engine.fibers))
      engine.giveBack()
      runs.delete(end)
      yield* Deferred.succeed(over, undefined)
      const causes = Exit.isFailure(waited) ? [waited.cause, ...engine.causes] : engine.causes
      return yield* causes.length === 0 ? Effect.void : Effect.failCause(causes.reduce(Cause.parallel))
    })
  ).pipe(Effect.scoped)
