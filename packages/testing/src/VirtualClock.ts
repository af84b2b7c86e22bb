/**
 * A Clock for long histories. TestClock costs some milliseconds of real time for each wake-up; this one costs a
 * fraction of one, so that a day of heartbeats passes in well under a second.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as TimerQueue from "./internal/timerQueue.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface VirtualClock {
  /** The Clock itself. */
  readonly clock: Clock.Clock
  /** Sleepers that wait. */
  readonly sleeping: Effect.Effect<number>
  /** Lets time pass: wakes every sleeper that is due, in order, and lets everything settle in between. */
  readonly adjust: (duration: Duration.DurationInput) => Effect.Effect<void>
  /**
   * Runs an effect on this clock. Whenever nothing is left to run, time jumps to the next sleeper's, so that the effect
   * takes just as long as it takes to compute. Dies if the effect waits and nobody sleeps: nothing would ever wake it.
   */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const VirtualClock = Context.GenericTag<VirtualClock>("@vesper/testing/VirtualClock")

/**
 * Effect runs its fibers in microtasks, all of which are over at the next turn of the event loop, and goes through a
 * timer now and then to let others run. Under a virtual clock there are no others: without those timers, one turn is
 * enough to know that everything has settled.
 */
const scheduler = new Scheduler.MixedScheduler(Number.MAX_SAFE_INTEGER)

/** Calls `step` again and again, each time when everything has settled, until it gives an effect to go on with. */
const drive = <A, E>(step: () => Effect.Effect<A, E> | undefined): Effect.Effect<A, E> =>
  Effect.async<A, E>((resume) => {
    let handle = setImmediate(settled)
    function settled() {
      const next = step()
      if (next === undefined) {
        handle = setImmediate(settled)
      } else {
        resume(next)
      }
    }
    return Effect.sync(() => clearImmediate(handle))
  })

const makeClock = (queue: TimerQueue.TimerQueue): Clock.Clock => {
  const unsafeCurrentTimeNanos = () => BigInt(Math.floor(queue.now() * 1_000_000))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: queue.now,
    unsafeCurrentTimeNanos,
    currentTimeMillis: Effect.sync(queue.now),
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const millis = Duration.toMillis(duration)
        if (millis <= 0) {
          return resume(Effect.void)
        }
        // For ever is a time that never comes.
        return Effect.sync(queue.add(queue.now() + millis, () => resume(Effect.void)))
      })
  }
}

/** Runs what is due until `end`. */
const runUntil = (queue: TimerQueue.TimerQueue, end: number): Effect.Effect<void> =>
  drive(() => {
    const next = queue.nextAt()
    if (next !== undefined && next <= end) {
      queue.advanceTo(next)
      return undefined
    }
    queue.advanceTo(end)
    return Effect.void
  })

/** Jumps from sleeper to sleeper until the fiber is done. */
const runToEnd = <A, E>(queue: TimerQueue.TimerQueue, fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<A, E> =>
  drive(() => {
    if (fiber.unsafePoll() !== null) {
      return Fiber.join(fiber)
    }
    const next = queue.nextAt()
    if (next === undefined || next === Number.POSITIVE_INFINITY) {
      return Effect.dieMessage("everything under the virtual clock waits, and nobody sleeps: nothing would wake it")
    }
    queue.advanceTo(next)
    return undefined
  })

/**
 * A clock that starts at a time in milliseconds. Default: 0.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { VirtualClock } from "@vesper/testing"
 * import { Clock, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const clock = yield* VirtualClock.make()
 *   const year = Effect.zipRight(Effect.sleep("365 days"), Clock.currentTimeMillis)
 *   assert.strictEqual(yield* clock.run(year), 365 * 24 * 60 * 60 * 1000)
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (start = 0): Effect.Effect<VirtualClock> =>
  Effect.sync(() => {
    const queue = TimerQueue.make(start)
    const clock = makeClock(queue)
    return {
      clock,
      sleeping: Effect.sync(queue.size),
      adjust: (duration) => Effect.suspend(() => runUntil(queue, queue.now() + Duration.toMillis(duration))),
      run: (effect) =>
        effect.pipe(
          Effect.withClock(clock),
          Effect.withScheduler(scheduler),
          Effect.fork,
          Effect.flatMap((fiber) => Effect.onInterrupt(runToEnd(queue, fiber), () => Fiber.interrupt(fiber)))
        )
    }
  })

/**
 * Sets the Clock of whatever it is provided to; `VirtualClock.adjust` moves it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<VirtualClock> = Layer.unwrapEffect(
  Effect.map(make(), (virtual) =>
    Layer.mergeAll(
      Layer.succeed(VirtualClock, virtual),
      Layer.setClock(virtual.clock),
      Layer.setScheduler(scheduler)
    ))
)
