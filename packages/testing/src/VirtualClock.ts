/**
 * A Clock for simulations of hours and days. A wake-up costs a fraction of the milliseconds that it costs on TestClock, so
 * that a day of heartbeats passes in less than a second.
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
import { TimerQueue } from "./internal/clock/index.js"

/**
 * A virtual clock and its controls.
 *
 * @since 0.1.0
 * @category models
 */
export interface VirtualClock {
  /** The Clock itself. */
  readonly clock: Clock.Clock
  /** The number of sleeping fibers. */
  readonly sleeping: Effect.Effect<number>
  /** Advances the time: wakes every sleeper that is due, in order, and lets all fibers settle in between. */
  readonly adjust: (duration: Duration.DurationInput) => Effect.Effect<void>
  /**
   * Advances the time at once, as after a suspension of the process: every sleeper that is due wakes at the end.
   */
  readonly suspend: (duration: Duration.DurationInput) => Effect.Effect<void>
  /**
   * Sets the wall clock, forwards or back, to a time in milliseconds since 1970. Monotonic time and sleepers are not
   * affected.
   */
  readonly setWallTime: (millis: number) => Effect.Effect<void>
  /**
   * Runs an effect on this clock. When every fiber waits, the time advances to the next sleeper, so that the effect takes
   * only as long as its computation. Dies if every fiber waits and none sleeps, because nothing could wake it.
   */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * The tag of a virtual clock.
 *
 * @since 0.1.0
 * @category tags
 */
export const VirtualClock = Context.GenericTag<VirtualClock>("@vesper/testing/VirtualClock")

/**
 * Effect runs fibers in microtasks, which complete before the next turn of the event loop, and yields to a timer from time
 * to time. Without these yields, all fibers have settled after one turn.
 */
const scheduler = new Scheduler.MixedScheduler(Number.MAX_SAFE_INTEGER)

/** Calls `step` each time all fibers have settled, until it returns an effect, and continues with that effect. */
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

const makeClock = (queue: TimerQueue.TimerQueue, wallTime: () => number): Clock.Clock => {
  const unsafeCurrentTimeNanos = () => BigInt(Math.floor(queue.now() * 1_000_000))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: wallTime,
    unsafeCurrentTimeNanos,
    currentTimeMillis: Effect.sync(wallTime),
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const millis = Duration.toMillis(duration)
        if (millis <= 0) {
          return resume(Effect.void)
        }
        // An infinite sleep is a timer at infinity.
        return Effect.sync(queue.add(queue.now() + millis, () => resume(Effect.void)))
      })
  }
}

/** Wakes the sleepers that are due until `end`. */
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

/** Advances from sleeper to sleeper until the fiber is done. */
const runToEnd = <A, E>(queue: TimerQueue.TimerQueue, fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<A, E> =>
  drive(() => {
    if (fiber.unsafePoll() !== null) {
      return Fiber.join(fiber)
    }
    const next = queue.nextAt()
    if (next === undefined || next === Number.POSITIVE_INFINITY) {
      return Effect.dieMessage(
        "every fiber on the virtual clock waits and none sleeps, so that nothing can wake them; complete what they wait for"
      )
    }
    queue.advanceTo(next)
    return undefined
  })

/**
 * Makes a clock that starts at a time in milliseconds since 1970. Default: 0.
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
    let offset = 0
    const clock = makeClock(queue, () => queue.now() + offset)
    return {
      clock,
      sleeping: Effect.sync(queue.size),
      adjust: (duration) => Effect.suspend(() => runUntil(queue, queue.now() + Duration.toMillis(duration))),
      suspend: (duration) =>
        Effect.suspend(() => {
          queue.advanceTo(queue.now() + Duration.toMillis(duration))
          return runUntil(queue, queue.now())
        }),
      setWallTime: (millis) =>
        Effect.sync(() => {
          offset = millis - queue.now()
        }),
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
 * Provides a virtual clock as the Clock of the program; `VirtualClock.adjust` moves it.
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
