/** Readers are interrupted at each point of their lives. Nothing of them stays, and no event of theirs is lost. */
import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import * as Events from "../../../src/Events.js"
import * as ShardInternal from "../../../src/internal/shard.js"
import * as Shard from "../../../src/Shard.js"
import { layer } from "../../harness.js"

const drainTimeout = 2

/** Yields after every few operations, and counts the resumptions. */
class Steps implements Scheduler.Scheduler {
  count = 0
  onStep: (count: number) => void = () => {}

  scheduleTask(task: Scheduler.Task, priority: number): void {
    Scheduler.defaultScheduler.scheduleTask(() => {
      this.onStep(++this.count)
      task()
    }, priority)
  }

  shouldYield(fiber: { readonly currentOpCount: number }): number | false {
    return fiber.currentOpCount > 12 ? 0 : false
  }
}

/** Handles an event: at once, or after a moment. */
type Work = (event: Dispatch.Dispatch) => Effect.Effect<void>

interface Kind {
  readonly name: string
  readonly read: (shard: Shard.Shard, work: Work) => Effect.Effect<unknown, unknown, Scope.Scope>
  /** The next reader of the kind receives its unhandled events. */
  readonly handles: boolean
}

const kinds: ReadonlyArray<Kind> = [
  { name: "handlers", handles: true, read: (shard, work) => shard.runForEach(work) },
  { name: "handlers at a time", handles: true, read: (shard, work) => shard.runForEach(work, { concurrency: 3 }) },
  {
    name: "a set of handlers",
    handles: true,
    read: (shard, work) => Effect.provideService(Events.run(Events.on("MESSAGE_CREATE", work)), Shard.Shard, shard)
  },
  {
    name: "nextEvent",
    handles: true,
    read: (shard, work) => Effect.forever(Effect.flatMap(shard.nextEvent, work))
  },
  { name: "a stream", handles: false, read: (shard, work) => Stream.runForEach(shard.events, work) },
  {
    name: "a stream that is taken apart",
    handles: false,
    read: (shard, work) =>
      Effect.forever(
        Stream.runForEach(Stream.take(Stream.mapEffect(shard.events, work, { concurrency: 2 }), 2), () => Effect.void)
      )
  },
  {
    name: "a subscription",
    handles: false,
    read: (shard, work) => Effect.flatMap(shard.subscribe(), ({ events }) => Stream.runForEach(events, work))
  }
]

const contentOf = (event: Dispatch.Dispatch): number | undefined =>
  event.t === "MESSAGE_CREATE" ? Number(event.d.content) : undefined

/** Interrupts a reader after so many steps. Returns the problems, and true if the reader had finished before. */
const interruptAt = ({ handles, read }: Kind, step: number) =>
  Effect.gen(function*() {
    const { dispatch } = yield* GatewaySimulator.GatewaySimulator
    const { shard, state } = yield* ShardInternal.makeOpen(ShardId.single)
    yield* shard.connect
    const stream = yield* Effect.fork(Stream.runDrain(shard.events))
    yield* Effect.repeat(Effect.zipRight(Effect.sleep(1), shard.status), {
      until: ({ _tag }) => _tag === "Connected"
    })
    const handled: Array<number> = []
    const work: Work = (event) => {
      const n = contentOf(event)
      const handle = Effect.sync(() => {
        if (n !== undefined) {
          handled.push(n)
        }
      })
      return n !== undefined && n % 2 === 0 ? Effect.zipRight(Effect.yieldNow(), handle) : handle
    }
    const steps = new Steps()
    const supervisor = yield* Supervisor.track
    const reading = Effect.scoped(read(shard, work)).pipe(Effect.withScheduler(steps), Effect.supervised(supervisor))
    const fiber = yield* Effect.fork(reading)
    steps.onStep = (count) => {
      if (count === step) {
        fiber.unsafeInterruptAsFork(FiberId.none)
      }
    }
    for (let n = 1; n <= 4; n++) {
      yield* dispatch({ t: "MESSAGE_CREATE", d: { content: String(n) } })
      yield* Effect.yieldNow()
    }
    yield* Effect.sleep(1)
    const isOver = steps.count < step
    yield* Fiber.interrupt(fiber)
    const begun = state.log.lag
    const problems: Array<string> = []
    if (state.readers.runs.size > 0) {
      problems.push("a run is left")
    }
    if ((yield* supervisor.value).length > 0) {
      problems.push("a fiber is left")
    }
    if (handles) {
      // The next reader of the kind receives the unhandled events of the first one.
      const next = yield* Effect.fork(Effect.scoped(read(shard, work)))
      yield* Effect.sleep(1)
      yield* Fiber.interrupt(next)
      // A handler begins before it is interrupted, and has drainTimeout to end.
      const missing = [1, 2, 3, 4].filter((n) => handled.length > 0 && n > (handled[0] ?? 0) && !handled.includes(n))
      problems.push(...missing.map((n) => `${n} is lost, ${begun} were left`))
    }
    yield* Fiber.interrupt(stream)
    yield* Effect.sleep(drainTimeout * 4)
    const [, ...others] = Array.from(state.log.cursors, ({ name }) => name)
    if (state.log.flow.isPaused || others.length > 0) {
      problems.push(`cursors are left: ${Array.from(state.log.cursors, ({ name }) => name).join()}`)
    }
    return { problems, isOver }
  }).pipe(
    Effect.scoped,
    Effect.provide(layer({ config: { acknowledge: "onHandled", drainTimeout } }))
  )

describe("a reader that is interrupted at any point leaves nothing behind:", () => {
  for (const kind of kinds) {
    it.live(kind.name, () =>
      Effect.gen(function*() {
        // Each point at first, then every few: later points are those of the next events.
        for (let step = 1, isOver = false; !isOver && step < 200; step += step < 30 ? 1 : 7) {
          const result = yield* interruptAt(kind, step)
          assert.deepStrictEqual(result.problems, [], `interrupted at step ${step}`)
          isOver = result.isOver
        }
      }), 60_000)
  }
})
