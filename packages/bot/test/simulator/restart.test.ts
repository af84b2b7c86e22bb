/** Interactions over the end of a process and over a resume: each is answered at most once, and what has expired is reported. */
import { assert, describe, it } from "@effect/vitest"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Fault from "@vesper/testing/Fault"
import * as RestFault from "@vesper/testing/RestFault"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { layer, type ProcessOptions, requests, simulator, start, withLog } from "./harness.js"
import * as Load from "./load.js"

const onClock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(VirtualClock.make(), (clock) => clock.run(Effect.scoped(effect)))

/** The interactions that the log reports as expired. */
const getExpired = (lines: ReadonlyArray<string>) =>
  lines.flatMap((line) => /^Interaction (\d+) \(.*(?:was not run|has expired)/.exec(line)?.slice(1) ?? [])

/** Refusals of answers by Discord other than for an answer that another process gave. */
const lateAnswers = Effect.map(
  requests,
  (all) => all.filter(({ route, status }) => route.includes("/callback") && status === 404).length
)

describe("a process that is killed", () => {
  const use: FastCheck.Arbitrary<Load.Use> = FastCheck.record({
    at: FastCheck.integer({ min: 0, max: 8_000 }),
    millis: FastCheck.integer({ min: 0, max: 3_000 }),
    end: FastCheck.constantFrom("reply", "early")
  })
  const history = FastCheck.record({
    uses: FastCheck.array(use, { minLength: 20, maxLength: 30 }),
    killAfter: FastCheck.integer({ min: 1_000, max: 6_000 }),
    pause: FastCheck.integer({ min: 0, max: 5_000 }),
    shards: FastCheck.constantFrom(undefined, 2)
  })

  it.effect.prop(
    "leaves each interaction answered once or reported",
    [history],
    ([{ killAfter, pause, shards, uses }]) =>
      withLog((lines) =>
        onClock(Effect.provide(
          Effect.gen(function*() {
            const store = yield* SessionStore.makeMemory
            const options: ProcessOptions = { store, ...(shards === undefined ? {} : { shards }) }
            const first = yield* start(Load.makeFeatures(), options)
            yield* Effect.sleep("10 seconds")
            const users = yield* Effect.fork(Load.send(uses))
            yield* Effect.sleep(killAfter)
            yield* first.kill
            yield* Effect.sleep(pause)
            yield* start(Load.makeFeatures(), options)
            yield* Effect.sleep("30 seconds")
            const accepted = yield* Load.acceptedAnswers
            const handled = new Set([...accepted.keys(), ...getExpired(lines)])
            assert.strictEqual(Math.max(...accepted.values()), 1)
            assert.strictEqual(handled.size, uses.length, lines.join("\n"))
            yield* Fiber.interrupt(users)
          }),
          layer()
        ))
      ),
    { timeout: 40_000, fastCheck: { numRuns: 8, seed: 5, endOnFailure: true } }
  )

  for (const end of ["reply", "early"] as const) {
    it.effect(`leaves a deferred reply that the next process completes (${end})`, () =>
      onClock(Effect.provide(
        Effect.gen(function*() {
          const store = yield* SessionStore.makeMemory
          const settings = { deferAfter: "200 millis" } as const
          const first = yield* start(Load.makeFeatures(settings), { store })
          yield* Effect.sleep("10 seconds")
          const users = yield* Effect.fork(Load.send([{ at: 0, millis: 1_000, end }, { at: 0, millis: 5_000, end }]))
          yield* Effect.sleep("500 millis")
          yield* first.kill
          // It answers before its own deferral.
          yield* start(Load.makeQuick(settings), { store })
          const replies = yield* Fiber.join(users)
          assert.deepStrictEqual(replies.flatMap((reply) => Either.isRight(reply) ? [reply.right.content] : []), [
            "quick 0",
            "quick 1"
          ])
        }),
        layer()
      )))
  }
})

describe("a resumed session", () => {
  for (const [shards, skew] of [[undefined, 0], [2, 0], [2, 3_000], [2, -3_000], [2, -3_600_000]] as const) {
    it.effect(`of ${shards ?? 1} shards runs no expired interaction, with ${skew} ms between the clocks`, () =>
      withLog((lines) =>
        onClock(Effect.provide(
          Effect.gen(function*() {
            const gateway = yield* simulator
            yield* gateway.injectRest(
              RestFault.SkewDate({ by: Math.abs(skew), direction: skew < 0 ? "behind" : "ahead" })
            )
            yield* start(Load.makeFeatures(), shards === undefined ? {} : { shards })
            yield* Effect.sleep("10 seconds")
            // Both hosts refuse connections for some seconds.
            yield* gateway.inject(Fault.RefuseConnections({ host: "any", status: 503, times: 4 * (shards ?? 1) }))
            yield* gateway.inject(Fault.Drop())
            const uses = Array.from(
              { length: 60 },
              (_, index): Load.Use => ({ at: index * 500, millis: 0, end: "reply" })
            )
            const replies = yield* Load.send(uses)
            const accepted = yield* Load.acceptedAnswers
            const expired = new Set(getExpired(lines))
            assert.strictEqual(expired.size, replies.filter(Either.isLeft).length)
            assert.strictEqual(accepted.size + expired.size, uses.length)
            assert.isAbove(expired.size, 2)
            assert.isAbove(accepted.size, 8)
            assert.strictEqual(yield* lateAnswers, 0)
          }),
          layer()
        ))
      ))
  }
})
