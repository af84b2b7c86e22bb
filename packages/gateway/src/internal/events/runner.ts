/**
 * Runs handlers on the events of a reader: of a shard, a fleet or a cluster. A handler that completes synchronously runs in a plain loop
 * without a fiber. Any other handler runs in its own fiber, in the context of the run. An event is read when its handler can start,
 * or when it waits for another event of its guild.
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
import { getGuildId } from "./guildId.js"
import { isDone } from "./handlers/index.js"
import { GuildOrder, type Ordered } from "./guildOrder.js"
import type { Reader } from "./reader.js"

export interface RunnerOptions {
  /** Maximum number of handlers at a time. */
  readonly concurrency: number
  /** True if events of one guild are handled one after the other, at any concurrency. */
  readonly isOrdered: boolean
  /** True if an event whose handler has not succeeded is requeued. */
  readonly isTracked: boolean
  /** Time for handlers to complete after the run was interrupted or has failed. */
  readonly drainTimeout: Duration.Duration
}

/** Handles an event of a shard. May throw. */
export type EventHandler<E, R> = (event: Dispatch.Dispatch, shard: ShardId.ShardId) => Effect.Effect<unknown, E, R>

interface Task extends Ordered {
  readonly event: Dispatch.Dispatch
  readonly entry: Entry
  readonly cursor: Cursor
}

/** Number of events in a row after which the loop lets other fibers run. */
const maxTurns = 256

const getOrderKey = (event: Dispatch.Dispatch, { id, total }: ShardId.ShardId): string =>
  getGuildId(event) ?? `shard ${id}/${total}`

type Fork<E, R> = (effect: Effect.Effect<unknown, E, Exclude<R, Scope.Scope>>) => Fiber.RuntimeFiber<unknown, E>

/** The running handlers of one run, and the loop that starts them. */
class HandlerLoop<E, R> {
  /** Completes when the run ends. */
  readonly ending = Deferred.unsafeMake<void>(FiberId.none)
  /** Completes after the end, once no handler runs and none is started. */
  readonly idle = Deferred.unsafeMake<void>(FiberId.none)
  readonly causes: Array<Cause.Cause<E | ShardError.FatallyClosedError>> = []
  isStopping = false
  private isFinishing = false
  private readonly order: GuildOrder<Task> | undefined
  private readonly unfinished: Array<Task> = []
  private readonly running = new Map<Fiber.RuntimeFiber<unknown, E>, Task>()
  private cancelWait: (() => void) | undefined
  private isStarting = false
  private turns = 0
  private readonly reader: Reader
  private readonly parse: Parse.Parse
  private readonly handler: EventHandler<E, R>
  private readonly fork: Fork<E, R>
  private readonly yieldThen: (resume: () => void) => void
  private readonly options: RunnerOptions

  constructor(
    reader: Reader,
    parse: Parse.Parse,
    handler: EventHandler<E, R>,
    fork: Fork<E, R>,
    yieldThen: (resume: () => void) => void,
    options: RunnerOptions
  ) {
    this.reader = reader
    this.parse = parse
    this.handler = handler
    this.fork = fork
    this.yieldThen = yieldThen
    this.options = options
    this.order = options.isOrdered && options.concurrency > 1 ? new GuildOrder() : undefined
  }

  /** Starts handlers while there are events and fewer than `concurrency` handlers run. */
  readonly startHandlers = (): void => {
    if (this.isStarting) {
      return
    }
    this.isStarting = true
    this.cancelWait?.()
    this.cancelWait = undefined
    const { order, parse, reader } = this
    while (!this.isStopping && this.running.size < this.options.concurrency) {
      if (++this.turns > maxTurns) {
        this.turns = 0
        this.yieldThen(this.startHandlers)
        break
      }
      const deferred = order?.next()
      if (deferred !== undefined) {
        deferred.cursor.startDeferred(deferred.entry)
        this.handle(deferred.event, deferred.entry, deferred.cursor, deferred)
        continue
      }
      const item = this.isFinishing ? reader.nextBehind() : reader.next()
      const { current } = reader
      if (item === undefined || current === undefined) {
        this.wait()
        break
      }
      const event = item._tag === "Dispatch" ? current.log.read(item, parse) : undefined
      if (event === undefined || item._tag !== "Dispatch" || isFailure(event)) {
        continue
      }
      const task = order && { event, entry: item, cursor: current, orderKey: getOrderKey(event, current.log.shard) }
      if (task === undefined || order?.tryBegin(task) === true) {
        this.handle(event, item, current, task)
      } else {
        current.defer(item)
      }
    }
    this.isStarting = false
  }

  stop(): void {
    this.isStopping = true
    this.cancelWait?.()
    this.completeIfIdle()
  }

  /** Starts the handlers of deferred events and of those that another reader has read. They count as handled, so no other run does. */
  finish(): void {
    this.isFinishing = true
    this.startHandlers()
  }

  /** Calls the handler. One that does not complete synchronously continues in a fiber. */
  private handle(event: Dispatch.Dispatch, entry: Entry, cursor: Cursor, ordered: Task | undefined): void {
    let handling: Effect.Effect<unknown, E, R>
    try {
      handling = this.handler(event, cursor.log.shard)
    } catch (defect) {
      handling = Effect.die(defect)
    }
    if (isDone(handling)) {
      if (ordered !== undefined) {
        cursor.done(entry)
        this.order?.complete(ordered)
      }
      return
    }
    if (this.options.isTracked) {
      cursor.start(entry)
    } else {
      cursor.done(entry)
    }
    const task = ordered ?? { event, entry, cursor, orderKey: "" }
    const fiber = this.fork(Effect.scoped(handling))
    this.running.set(fiber, task)
    fiber.addObserver((exit) => this.settle(fiber, task, exit))
  }

  private settle(fiber: Fiber.RuntimeFiber<unknown, E>, task: Task, exit: Exit.Exit<unknown, E>): void {
    this.running.delete(fiber)
    if (Exit.isSuccess(exit)) {
      task.cursor.done(task.entry)
      this.order?.complete(task)
    } else {
      this.unfinished.push(task)
      if (!this.isStopping || !Cause.isInterruptedOnly(exit.cause)) {
        this.causes.push(exit.cause)
        this.stop()
        this.end()
      }
    }
    this.startHandlers()
    if (this.isStopping) {
      this.completeIfIdle()
    }
  }

  /** Requeues events that were read and not handled. If tracked, also those whose handlers did not succeed. */
  requeue(): void {
    const unhandled = new Map<Cursor, Array<Entry>>()
    const add = ({ cursor, entry }: Task) => unhandled.set(cursor, [...unhandled.get(cursor) ?? [], entry])
    for (const task of this.order?.drain() ?? []) {
      task.cursor.startDeferred(task.entry)
      add(task)
    }
    if (this.options.isTracked) {
      this.unfinished.forEach(add)
    }
    unhandled.forEach((entries, cursor) => cursor.requeue(entries))
  }

  private wait(): void {
    // Readers start handlers in the order in which they were opened: one that has read everything does not yield before its next
    // event.
    this.turns = 0
    if (this.isFinishing) {
      return this.completeIfIdle()
    }
    const failure = this.reader.failure()
    if (failure === undefined) {
      // In a microtask, after the other events of the packet, so that no handler runs in the socket's callback.
      this.cancelWait = this.reader.onAvailable(() => queueMicrotask(this.startHandlers))
    } else if (this.running.size === 0) {
      if (failure._tag === "FatallyClosedError") {
        this.causes.push(Cause.fail(failure))
      }
      this.end()
    }
  }

  private end(): void {
    Deferred.unsafeDone(this.ending, Effect.void)
  }

  private completeIfIdle(): void {
    if (this.running.size === 0) {
      Deferred.unsafeDone(this.idle, Effect.void)
    }
  }

  get fibers(): ReadonlyArray<Fiber.RuntimeFiber<unknown, E>> {
    return Array.from(this.running.keys())
  }
}

/** Active runs, as effects that end them. */
export type Runs = Set<Effect.Effect<void>>

/** Runs the handler for each event of the reader, until reading ends or a handler fails. Then it requeues unhandled events. */
export const run = <E, R>(
  reader: Reader,
  parse: Parse.Parse,
  handler: EventHandler<E, R>,
  options: RunnerOptions,
  runs: Runs
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const fibers = yield* FiberSet.make<unknown, E>()
      // Handlers can be interrupted even in an uninterruptible region of the run.
      const fork = yield* Effect.interruptible(FiberSet.runtime(fibers)<Exclude<R, Scope.Scope>>())
      const scheduler = yield* FiberRef.get(FiberRef.currentScheduler)
      const loop = new HandlerLoop(reader, parse, handler, fork, (resume) => scheduler.scheduleTask(resume, 0), options)
      const over = yield* Deferred.make<void>()
      const end = Effect.zipRight(Deferred.succeed(loop.ending, undefined), Deferred.await(over))
      runs.add(end)
      loop.startHandlers()
      const exit = yield* Effect.exit(restore(Deferred.await(loop.ending)))
      if (loop.causes.length > 0) {
        loop.stop()
      } else {
        loop.finish()
      }
      yield* runToCompletion(Effect.timeoutOption(Deferred.await(loop.idle), options.drainTimeout))
      loop.stop()
      yield* Effect.suspend(() => Fiber.interruptAll(loop.fibers))
      loop.requeue()
      runs.delete(end)
      yield* Deferred.succeed(over, undefined)
      const causes = Exit.isFailure(exit) ? [exit.cause, ...loop.causes] : loop.causes
      return yield* causes.length === 0 ? Effect.void : Effect.failCause(causes.reduce(Cause.parallel))
    })
  ).pipe(Effect.scoped)
