/** The program receives the dispatched payloads. They are generated from the schemas, for every event. */
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

// Interactions and messages contain each other, so generating a few of each takes seconds on a busy machine.
const runs = 5
const timeout = 60_000

/** Fixed, so that a failure can be reproduced. */
const seed = 19

/** Converts a value to its form in JSON: without undefined fields and without -0. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const generatePayloads = (event: EventType.EventType): ReadonlyArray<unknown> =>
  FastCheck.sample(Arbitrary.make(EventSchema.of(event)), { numRuns: runs, seed }).map(overTheWire)

// READY and RESUMED belong to the session, so those of the simulated gateway are enough.
const events = EventType.all.filter((event) => event !== "READY" && event !== "RESUMED")

const roundTrip = (event: EventType.EventType) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const shard = yield* startShard
    yield* awaitReady(shard)
    for (const d of generatePayloads(event)) {
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
