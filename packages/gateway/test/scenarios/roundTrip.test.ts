/** What the gateway dispatches is what the program gets: payloads made up from the schemas, of every event. */
import { assert, describe, it } from "@effect/vitest"
import * as EventSchema from "@vesper/model/EventSchema"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { awaitReady, layer, startShard } from "../harness.js"

// Interactions and messages hold one another: making up a few of each takes seconds on a busy machine.
const runs = 5
const timeout = 60_000

/** The same each time: a failure can be looked at again. */
const seed = 19

/** As JSON has it: without fields that are undefined, and without -0. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const payloadsOf = (event: EventType.EventType): ReadonlyArray<unknown> =>
  FastCheck.sample(Arbitrary.make(EventSchema.of(event)), { numRuns: runs, seed }).map(overTheWire)

// READY and RESUMED are about the session itself: those that the simulated gateway sends are enough.
const events = EventType.all.filter((event) => event !== "READY" && event !== "RESUMED")

const roundTrip = (event: EventType.EventType) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const shard = yield* startShard
    yield* awaitReady(shard)
    for (const d of payloadsOf(event)) {
      assert.strictEqual(yield* simulator.dispatch({ t: event, d }), 1)
      const received = yield* shard.nextEvent
      assert.strictEqual(received.t, event)
      assert.deepStrictEqual(received.d, d)
    }
  }).pipe(Effect.scoped, Effect.provide(layer({ config: { intents: Intents.all, validate: "all" } })))

describe("a made-up payload goes through gateway and shard unchanged, and is valid at its end", () => {
  for (const event of events) {
    it.live(event, () => Effect.flatMap(VirtualClock.make(), (clock) => clock.run(roundTrip(event))), timeout)
  }
})
