/**
 * What a test waits for at the gateway's side.
 *
 * @since 0.1.0
 */
import * as Opcode from "@vesper/model/Opcode"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as GatewaySimulator from "./GatewaySimulator.js"
import * as LogEntry from "./LogEntry.js"

/**
 * A payload that the gateway received.
 *
 * @since 0.1.0
 * @category models
 */
export type Received = Extract<LogEntry.LogEntry, { readonly _tag: "Received" }>

/**
 * What was waited for did not come in time, or cannot come because nobody moves the clock.
 *
 * @since 0.1.0
 * @category errors
 */
export class NothingCame extends Schema.TaggedError<NothingCame>("@vesper/testing/NothingCame")("NothingCame", {
  expected: Schema.String,
  within: Schema.DurationFromSelf,
  /** Whether the Clock stood still, as TestClock does until the test moves it. */
  isClockStill: Schema.Boolean,
  /** What came instead, in the order in which it came; without heartbeats. */
  received: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const came = this.received.length === 0 ? "nothing came" : `what came: ${this.received.join(", ")}`
    return this.isClockStill
      ? `${this.expected} did not come, and the clock stands still (TestClock.adjust moves it); ${came}`
      : `${this.expected} did not come within ${Duration.format(this.within)}; ${came}`
  }
}

const nameOf = (op: number): string => Option.getOrElse(Opcode.name(op), () => `opcode ${op}`)

const liveClock = Clock.make()

/** Turns of real time without a turn of the Clock, after which nothing is left to run that could send a command. */
const stillTurns = 20
const turn = Effect.withClock(Effect.sleep("100 millis"), liveClock)

/** Completes when the Clock has stood still for two seconds of real time. A clock that runs never does. */
const clockStill: Effect.Effect<void> = Effect.gen(function*() {
  let last = yield* Clock.currentTimeMillis
  for (let still = 0; still < stillTurns;) {
    yield* turn
    const now = yield* Clock.currentTimeMillis
    still = now === last ? still + 1 : 0
    last = now
  }
})

/**
 * The first command with this opcode, or the first that the predicate takes, as soon as there is one; one that came
 * before counts. Fails if there is none within that time of the Clock, five seconds by default. A test on `TestClock` has
 * to move it, one on `VirtualClock` need not; when a clock has stood still for two seconds of real time, it fails as well.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { IdentifyQueue, Shard, ShardConfig } from "@vesper/gateway"
 * import { Intents, Opcode, ShardId } from "@vesper/model"
 * import { Expect, GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const test = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   const shard = yield* Shard.Shard
 *   yield* shard.nextEvent
 *   yield* shard.updatePresence({ status: "dnd", activities: [], since: null, afk: false })
 *   const { d } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
 *   assert.deepStrictEqual(d, { status: "dnd", activities: [], since: null, afk: false })
 * })
 *
 * const layer = Shard.layer(ShardId.single).pipe(
 *   Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") })),
 *   Layer.provide(IdentifyQueue.layerUnlimited),
 *   Layer.provideMerge(GatewaySimulator.layerInMemory())
 * )
 *
 * Effect.runPromise(Effect.provide(test, layer))
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const expectCommand = (
  simulator: GatewaySimulator.GatewaySimulator,
  what: number | ((received: Received) => boolean),
  options: { readonly within?: Duration.DurationInput | undefined } = {}
): Effect.Effect<Received, NothingCame> => {
  const within = Duration.decode(options.within ?? "5 seconds")
  const isIt = typeof what === "number" ? ({ op }: Received) => op === what : what
  const failed = (isClockStill: boolean) =>
    Effect.flatMap(simulator.log, (log) =>
      new NothingCame({
        isClockStill,
        expected: typeof what === "number" ? nameOf(what) : "a command that the predicate takes",
        within,
        received: log
          .filter(LogEntry.is("Received"))
          .filter(({ op }) => op !== Opcode.Heartbeat)
          .map(({ op }) => nameOf(op))
      }))
  return simulator.awaitLog((entry): entry is Received => entry._tag === "Received" && isIt(entry)).pipe(
    Effect.timeoutOption(within),
    Effect.flatMap(Option.match({ onNone: () => failed(false), onSome: Effect.succeed })),
    Effect.raceFirst(Effect.zipRight(clockStill, failed(true)))
  )
}
