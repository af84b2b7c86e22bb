/**
 * A real shard with its keeper of sessions, a real lease, and a database that fails, delays and reorders by a seed: no event
 * may wait for a save that nothing makes, and nothing that is saved may be overwritten by something older.
 */
import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { runShards } from "../../src/internal/fleet/runShards.js"
import * as Ownership from "../../src/internal/ownership/ownership.js"
import * as ShardId from "@vesper/model/ShardId"
import * as FakeRows from "./fakeRows.js"

/** A state of the database for a while, in which events arrive. */
interface Phase {
  readonly fault: "none" | "refuses" | "loses answers" | "is late"
  readonly delay: number
  readonly lasts: number
  readonly events: number
}

const phase: FastCheck.Arbitrary<Phase> = FastCheck.record({
  fault: FastCheck.constantFrom("none", "refuses", "loses answers", "is late"),
  delay: FastCheck.constantFrom(0, 20, 300, 900),
  lasts: FastCheck.integer({ min: 100, max: 2_000 }),
  events: FastCheck.integer({ min: 0, max: 5 })
})

/** Applies a phase to the database. A late statement is carried out after its caller has given up. */
const disturb = (rows: FakeRows.FakeRows, { delay, fault }: Phase) => {
  const slow = Effect.sleep(delay)
  rows.before = fault === "refuses" ? Effect.zipRight(slow, Effect.fail(FakeRows.away)) : slow
  rows.after = fault === "loses answers"
    ? Effect.fail(FakeRows.away)
    : fault === "is late"
    ? Effect.sleep(700)
    : Effect.void
}

const live = (acknowledge: "onHandled" | "onReceive", phases: ReadonlyArray<Phase>) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const rows = FakeRows.make()
    const row = rows.findRow(ShardId.single)
    const handled: Array<number> = []
    const isStrict = acknowledge === "onReceive"
    /** Handled before the database had it. */
    const early: Array<number> = []
    const ownership = yield* Ownership.make({
      rows,
      // Leases are not tested here.
      lease: Duration.hours(1),
      plan: FakeRows.makePlan(1),
      isStrict,
      tick: isStrict ? Duration.millis(50) : Duration.seconds(1),
      run: (unit, leases) =>
        runShards(
          {
            // A shard is not part of a resharding.
            rows: { beginPart: () => Effect.never, abandonPart: () => Effect.never, finishPart: () => Effect.never },
            reshard: {},
            concurrency: 1,
            poll: Duration.seconds(1),
            handler: ({ event }) =>
              Effect.sync(() => {
                if (event.t === "MESSAGE_CREATE") {
                  handled.push(Number(event.d.nonce))
                  const saved = Option.getOrUndefined(row.session)
                  if (isStrict && (saved === undefined || saved.sequence < event.s)) {
                    early.push(event.s)
                  }
                }
              }),
            enter: () => () => {},
            failed: () => Effect.void
          },
          unit,
          leases
        )
    })
    ownership.unsafeSetAssignment(() => true)
    yield* ownership.acquire([0])
    yield* TestClock.adjust("1500 millis")
    let sent = 0
    const send = Effect.suspend(() => simulator.dispatch({ t: "MESSAGE_CREATE", d: { nonce: ++sent }, shard: 0 }))
    let furthest = 0
    for (const phase of phases) {
      disturb(rows, phase)
      for (let event = 0; event < phase.events; event++) {
        yield* send
        yield* TestClock.adjust(Math.ceil(phase.lasts / (phase.events + 1)))
        const saved = Option.match(row.session, { onNone: () => 0, onSome: ({ sequence }) => sequence })
        assert.isAtLeast(saved, furthest)
        furthest = saved
      }
      yield* TestClock.adjust(Math.ceil(phase.lasts / (phase.events + 1)))
    }
    rows.before = Effect.void
    rows.after = Effect.void
    // The database is well: a waiting event is handled without another one.
    yield* TestClock.adjust("4 seconds")
    assert.deepStrictEqual(handled, Array.from({ length: sent }, (_, index) => index + 1))
    assert.deepStrictEqual(early, [])
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.mergeAll(
      GatewaySimulator.layerInMemory(),
      IdentifyQueue.layerUnlimited,
      Layer.orDie(ShardConfig.layer({
        token: Redacted.make("any-token"),
        intents: Intents.of("GuildMessages"),
        acknowledge,
        saveInterval: "250 millis"
      }))
    ))
  )

describe("a shard on a database that fails", () => {
  for (const acknowledge of ["onHandled", "onReceive"] as const) {
    it.effect.prop(
      `handles each event once it is well, acknowledging ${acknowledge}, and is never behind what it had saved`,
      [FastCheck.array(phase, { minLength: 1, maxLength: 4 })],
      ([phases]) => live(acknowledge, phases),
      { timeout: 180_000, fastCheck: { seed: 19, numRuns: 12 } }
    )
  }
})
