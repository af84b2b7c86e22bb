/**
 * Handlers, run by workers that take from the buffer one event at a time. Nothing is taken ahead of its handler, so that
 * whatever ends a run, what it has not begun is still in the buffer.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Diagnostic from "../Diagnostic.js"
import type * as ShardError from "../ShardError.js"
import type { Dispatched } from "./eventBuffer.js"
import * as Handling from "./handling.js"
import * as Parse from "./parse.js"
import { report } from "./report.js"
import * as ShardState from "./shardState.js"
import { unbroken } from "./unbroken.js"

/** A fiber of a run. */
interface Worker {
  fiber: Fiber.Fiber<void> | undefined
  isHandling: boolean
}

/** Handlers that are done at once let other fibers run after so many events. */
const maxTurns = 256

/** Events whose handlers have begun, in that order: kept only where it matters who is left unhandled. */
const makeBegun = (state: ShardState.ShardState) => {
  if (state.config.acknowledge !== "onHandled") {
    return { begin: () => {}, done: () => {}, giveUp: () => {} }
  }
  const begun = new Set<Dispatched>()
  const done = (event: Dispatched) => {
    begun.delete(event)
    state.unhandled.delete(event)
  }
  return {
    begin: (event: Dispatched) => {
      begun.add(event)
      state.unhandled.add(event)
    },
    done,
    /** None of the others will be: they wait for the next reader. */
    giveUp: () => {
      const left = Array.from(begun)
      state.buffer.unsafePutBack(left)
      left.forEach(done)
    }
  }
}

/**
 * As many workers as there is work for, up to a limit. One that waits is enough: a worker which finds nothing to take
 * ends if another waits, and one that takes while nobody waits starts another. So a single worker never forks, and an
 * event never wakes more than one.
 */
const makeWorkers = <E, R>(
  state: ShardState.ShardState,
  handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>,
  concurrency: number
): Effect.Effect<
  {
    readonly start: Effect.Effect<void, never, R>
    /** Completes when a worker cannot go on, or somebody asks for it. */
    readonly ending: Deferred.Deferred<void>
    /** Lets no handler begin, waits for those that run, and gives what went wrong. */
    readonly stop: Effect.Effect<ReadonlyArray<Cause.Cause<E | ShardError.FatallyClosedError>>>
  },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { buffer, config } = state
    const fibers = yield* FiberSet.make<void>()
    const ending = yield* Deferred.make<void>()
    const begun = makeBegun(state)
    const workers = new Set<Worker>()
    const causes: Array<Cause.Cause<E | ShardError.FatallyClosedError>> = []
    let waiting = 0
    let isStopping = false

    /** Nothing can be read any more: the run ends, well if it is the program that has closed the shard. */
    const end = (error: ShardError.TerminalError) =>
      error._tag === "ShardClosedError" ? Effect.asVoid(Deferred.succeed(ending, undefined)) : Effect.fail(error)

    /**
     * Takes and handles what waits, in a plain loop for as long as handlers are done at once: a generator, or an Effect
     * for each event, costs more than all that Vesper does for it otherwise.
     */
    const work = (worker: Worker): Effect.Effect<void, E | ShardError.FatallyClosedError, R> => {
      type Step = Effect.Effect<void, E | ShardError.FatallyClosedError, R>

      /** Gives what its fiber has to do next. */
      const advance = (): Step => {
        for (let turn = 0; turn < maxTurns; turn++) {
          if (isStopping) {
            return Effect.void
          }
          if (!buffer.unsafeHasNext()) {
            const failure = buffer.unsafeFailure()
            return waiting > 0 ? Effect.void : Option.isSome(failure) ? end(failure.value) : waitAndHandle
          }
          if (waiting === 0 && workers.size < concurrency) {
            return startAndHandle
          }
          // From here to the handler nothing can come in between: what is taken is handled, or known to be unhandled.
          const item = buffer.unsafeTake()
          ShardState.settleGiven(state)
          if (item?._tag !== "Dispatch") {
            continue
          }
          const event = state.parse(item)
          if (Parse.isFailure(event)) {
            return Effect.zipRight(report(state, Diagnostic.Failure({ error: event })), handleNext)
          }
          begun.begin(item)
          worker.isHandling = true
          const handling = handler(event)
          if (!Handling.isDone(handling)) {
            return Effect.flatMap(handling, () => {
              worker.isHandling = false
              begun.done(item)
              return handleNext
            })
          }
          worker.isHandling = false
          begun.done(item)
        }
        return yieldAndHandle
      }
      const handleNext = Effect.suspend(advance)
      const startAndHandle: Step = Effect.flatMap(Effect.suspend(() => start), () => handleNext)
      const yieldAndHandle = Effect.zipRight(Effect.yieldNow(), handleNext)

      /**
       * The fiber sleeps on while handlers are done at once: waking it for each packet that the socket reads costs as
       * much as handling the packet's events does.
       */
      const waitAndHandle: Step = Effect.async<void, E | ShardError.FatallyClosedError, R>((resume) => {
        let isWaiting = false
        let cancel: () => void = Function.constVoid
        const settle = () => {
          if (isWaiting) {
            isWaiting = false
            waiting--
          }
        }
        const wait = () => {
          isWaiting = true
          waiting++
          // Not at once: the packet's other events come first, and the socket's callback is not the handlers' place.
          cancel = buffer.unsafeOnEvents(() => queueMicrotask(handle))
        }
        const handle = () => {
          if (isWaiting) {
            settle()
            const step = Handling.attempt(advance)
            if (step === waitAndHandle) {
              wait()
            } else {
              resume(step)
            }
          }
        }
        wait()
        return Effect.sync(() => {
          settle()
          cancel()
        })
      })
      return Effect.suspend(() => {
        waiting--
        return handleNext
      })
    }

    const ended = (worker: Worker, exit: Exit.Exit<unknown, E | ShardError.FatallyClosedError>) => {
      workers.delete(worker)
      if (Exit.isSuccess(exit) || (isStopping && Cause.isInterruptedOnly(exit.cause))) {
        return Effect.void
      }
      causes.push(exit.cause)
      return Deferred.succeed(ending, undefined)
    }

    const start: Effect.Effect<void, never, R> = Effect.suspend(() => {
      const worker: Worker = { fiber: undefined, isHandling: false }
      workers.add(worker)
      waiting++
      return work(worker).pipe(
        Effect.interruptible,
        Effect.exit,
        Effect.flatMap((exit) => ended(worker, exit)),
        FiberSet.run(fibers),
        Effect.map((fiber) => {
          worker.fiber = fiber
        })
      )
    })

    const interruptAll = (which: (worker: Worker) => boolean) =>
      Effect.forEach(
        Array.from(workers).filter(which),
        ({ fiber }) => fiber === undefined ? Effect.void : Fiber.interrupt(fiber),
        { concurrency: "unbounded", discard: true }
      )

    const stop = Effect.gen(function*() {
      isStopping = true
      yield* interruptAll((worker) => !worker.isHandling)
      yield* unbroken(Effect.timeoutOption(FiberSet.awaitEmpty(fibers), config.drainTimeout))
      yield* interruptAll(() => true)
      begun.giveUp()
      return causes
    })

    return { start, ending, stop }
  })

export const run = <E, R>(
  state: ShardState.ShardState,
  handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>,
  concurrency: number
): Effect.Effect<void, E | ShardError.FatallyClosedError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const workers = yield* makeWorkers(state, handler, concurrency)
      const over = yield* Deferred.make<void>()
      const end = Effect.zipRight(Deferred.succeed(workers.ending, undefined), Deferred.await(over))
      state.runs.add(end)
      yield* workers.start
      const waited = yield* Effect.exit(restore(Deferred.await(workers.ending)))
      const causes = yield* Effect.ensuring(
        workers.stop,
        // Whatever becomes of it, the shard does not wait for this run any more.
        Effect.suspend(() => {
          state.runs.delete(end)
          return Deferred.succeed(over, undefined)
        })
      )
      const all = Exit.isFailure(waited) ? [waited.cause, ...causes] : causes
      return yield* all.length === 0 ? Effect.void : Effect.failCause(all.reduce(Cause.parallel))
    })
  ).pipe(Effect.scoped)
