/**
 * Expectations about the commands and requests that a client sends, and about its replies.
 *
 * @since 0.1.0
 */
import * as Opcode from "@vesper/model/Opcode"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as GatewaySimulator from "./GatewaySimulator.js"
import { Stillness } from "./internal/clock/index.js"
import * as LogEntry from "./LogEntry.js"
import type * as Reply from "./Reply.js"

/**
 * A payload that the gateway received.
 *
 * @since 0.1.0
 * @category models
 */
export type Received = Extract<LogEntry.LogEntry, { readonly _tag: "Received" }>

const describeAbsence = (
  { expected, isClockStill, received, within }: CommandNotReceivedError | RequestNotReceivedError,
  verb: string
): string => {
  const all = received.length === 0 ? "nothing" : received.join(", ")
  return isClockStill
    ? `${expected} was not ${verb}, and the clock does not move (TestClock.adjust moves it); received: ${all}`
    : `${expected} was not ${verb} within ${Duration.format(within)}; received: ${all}`
}

/** Waits for an entry of the log. Fails with `failed` after the time, or when the Clock does not move. */
const awaitEntry = <A extends LogEntry.LogEntry, E>(
  simulator: GatewaySimulator.GatewaySimulator,
  isIt: (entry: LogEntry.LogEntry) => entry is A,
  within: Duration.Duration,
  failed: (isClockStill: boolean) => Effect.Effect<never, E>
): Effect.Effect<A, E> =>
  simulator.awaitLog(isIt).pipe(
    Effect.timeoutOption(within),
    Effect.flatMap(Option.match({ onNone: () => failed(false), onSome: Effect.succeed })),
    Effect.raceFirst(Effect.zipRight(Stillness.clockStill(simulator.log), failed(true)))
  )

/**
 * An expected command was not received in time, or the Clock does not move, so that it cannot be received.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotReceivedError extends Data.TaggedError("CommandNotReceivedError")<{
  readonly expected: string
  readonly within: Duration.Duration
  /** The Clock did not move, as TestClock until the test adjusts it. */
  readonly isClockStill: boolean
  /** The commands that were received, in order, without heartbeats. */
  readonly received: ReadonlyArray<string>
}> {
  override get message(): string {
    return describeAbsence(this, "received")
  }
}

const opcodeName = (op: number): string => Option.getOrElse(Opcode.name(op), () => `opcode ${op}`)

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
  return awaitEntry(
    simulator,
    (entry): entry is Received => entry._tag === "Received" && isIt(entry),
    within,
    failed
  )
}

/**
 * A request that the HTTP API received.
 *
 * @since 0.1.0
 * @category models
 */
export type Requested = Extract<LogEntry.LogEntry, { readonly _tag: "Requested" }>

/**
 * An expected request was not received in time, or the Clock does not move, so that it cannot be received.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestNotReceivedError extends Data.TaggedError("RequestNotReceivedError")<{
  readonly expected: string
  readonly within: Duration.Duration
  /** The Clock did not move, as TestClock until the test adjusts it. */
  readonly isClockStill: boolean
  /** The requests that were received, in order, with the status of their responses. */
  readonly received: ReadonlyArray<string>
}> {
  override get message(): string {
    return describeAbsence(this, "requested")
  }
}

/**
 * Waits for the first successful request of a route, such as `POST /channels/:channel/messages`, or of a path, such as
 * `POST /channels/5/messages`, or for the first request that satisfies a predicate, including earlier ones. Fails if it is
 * not received within a time of the Clock, five seconds by default.
 *
 * @example
 * ```ts
 * import { Expect, GatewaySimulator } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   const { body } = yield* Expect.request(simulator, "POST /channels/:channel/messages")
 *   return body
 * })
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const request = (
  simulator: GatewaySimulator.GatewaySimulator,
  what: string | ((request: Requested) => boolean),
  options: { readonly within?: Duration.DurationInput | undefined } = {}
): Effect.Effect<Requested, RequestNotReceivedError> => {
  const within = Duration.decode(options.within ?? "5 seconds")
  const isIt = typeof what === "string"
    ? ({ method, path, route, status }: Requested) => status < 300 && (what === route || what === `${method} ${path}`)
    : what
  const failed = (isClockStill: boolean) =>
    Effect.flatMap(simulator.log, (log) =>
      new RequestNotReceivedError({
        isClockStill,
        expected: typeof what === "string" ? what : "a request that satisfies the predicate",
        within,
        received: log
          .filter(LogEntry.is("Requested"))
          .map(({ method, path, status }) => `${method} ${path} (${status})`)
      }))
  return awaitEntry(
    simulator,
    (entry): entry is Requested => entry._tag === "Requested" && isIt(entry),
    within,
    failed
  )
}

/**
 * The reply to an interaction differs from the expected one.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedReplyError extends Data.TaggedError("UnexpectedReplyError")<{
  readonly expected: unknown
  readonly received: unknown
}> {
  override get message(): string {
    return `the reply ${JSON.stringify(this.received)} does not have ${JSON.stringify(this.expected)}`
  }
}

/** Returns true if the value has all fields of the expected one, at every depth. */
const hasFields = (value: unknown, expected: unknown): boolean =>
  typeof expected !== "object" || expected === null
    ? value === expected
    : typeof value === "object" && value !== null &&
      (!Array.isArray(expected) || (Array.isArray(value) && value.length === expected.length)) &&
      Object.entries(expected).every(([key, part]) => hasFields(Object(value)[key], part))

/**
 * Sends an interaction and checks the reply: its text, or fields of its message, or of the data of a modal or of choices.
 * Objects may be partial at every depth. Returns the reply.
 *
 * @example
 * ```ts
 * import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   yield* Expect.reply(simulator, Builder.command("ping"), "pong")
 *   yield* Expect.reply(simulator, Builder.command("about"), { embeds: [{ title: "Vesper" }] })
 * })
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const reply = (
  simulator: GatewaySimulator.GatewaySimulator,
  event: GatewaySimulator.Event,
  expected: string | object
): Effect.Effect<Reply.Reply, Reply.NoReplyError | Reply.UnknownCommandError | UnexpectedReplyError> =>
  Effect.flatMap(simulator.interact(event), (reply) => {
    const fields = typeof expected === "string" ? { content: expected } : expected
    const received = Option.getOrElse(reply.message, () => reply.data)
    return hasFields(received, fields)
      ? Effect.succeed(reply)
      : new UnexpectedReplyError({ expected: fields, received })
  })
