/**
 * Expectations about the commands that a client sends.
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
 * An expected command was not received in time, or the Clock does not move, so that it cannot be received.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotReceivedError extends Schema.TaggedError<CommandNotReceivedError>(
  "@vesper/testing/CommandNotReceivedError"
)("CommandNotReceivedError", {
  expected: Schema.String,
  within: Schema.DurationFromSelf,
  /** The Clock did not move, as TestClock until the test adjusts it. */
  isClockStill: Schema.Boolean,
  /** The commands that were received, in order, without heartbeats. */
  received: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const received = this.received.length === 0 ? "nothing" : this.received.join(", ")
    return this.isClockStill
      ? `${this.expected} was not received, and the clock does not move (TestClock.adjust moves it); received: ${received}`
      : `${this.expected} was not received within ${Duration.format(this.within)}; received: ${received}`
  }
}

const opcodeName = (op: number): string => Option.getOrElse(Opcode.name(op), () => `opcode ${op}`)

const liveClock = Clock.make()

/** Intervals of real time during which the Clock did not move, after which no fiber is left that could send a command. */
const stillTurns = 20
const turn = Effect.withClock(Effect.sleep("100 millis"), liveClock)

/** Completes when the Clock has not moved for two seconds of real time. */
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
 * Waits for the first command with this opcode, or that satisfies the predicate, including earlier ones. Fails if it is
 * not received within a time of the Clock, five seconds by default. A test on `TestClock` has to adjust the clock, one on
 * `VirtualClock` does not. If the Clock has not moved for two seconds of real time, it fails as well.
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
): Effect.Effect<Received, CommandNotReceivedError> => {
  const within = Duration.decode(options.within ?? "5 seconds")
  const isIt = typeof what === "number" ? ({ op }: Received) => op === what : what
  const failed = (isClockStill: boolean) =>
    Effect.flatMap(simulator.log, (log) =>
      new CommandNotReceivedError({
        isClockStill,
        expected: typeof what === "number" ? opcodeName(what) : "a command that satisfies the predicate",
        within,
        received: log
          .filter(LogEntry.is("Received"))
          .filter(({ op }) => op !== Opcode.Heartbeat)
          .map(({ op }) => opcodeName(op))
      }))
  return simulator.awaitLog((entry): entry is Received => entry._tag === "Received" && isIt(entry)).pipe(
    Effect.timeoutOption(within),
    Effect.flatMap(Option.match({ onNone: () => failed(false), onSome: Effect.succeed })),
    Effect.raceFirst(Effect.zipRight(clockStill, failed(true)))
  )
}
