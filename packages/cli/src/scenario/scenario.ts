/** The faults and events of a simulation: from flags such as `drop:30s`, or from a file of JSON. */
import * as Fault from "@vesper/testing/Fault"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { describeIssue, didYouMean, isNestedTooDeeply, parseDuration } from "../config/index.js"

/** A fault, or an event that is sent. With `every` it is repeated from `at` on, the first time after that period. */
export interface Step {
  /** After the start. */
  readonly at: Duration.Duration
  readonly every: Duration.Duration | undefined
  /** Its only shard. None: all of them, or for an event the one of its guild. */
  readonly shard: number | undefined
  readonly what: Fault.Fault | { readonly _tag: "Send"; readonly t: string; readonly d: unknown }
}

const DurationText = Schema.transformOrFail(Schema.String, Schema.DurationFromSelf, {
  strict: true,
  decode: (text, _, ast) => Either.mapLeft(parseDuration(text), (problem) => new ParseResult.Type(ast, text, problem)),
  encode: (duration) => Either.right(`${Duration.toMillis(duration)}ms`)
})

/** A whole number. The bounds keep a fault from blocking the process for longer than a moment. */
const whole = (min: number, max: number) =>
  Schema.Number.pipe(Schema.filter((value) =>
    (Number.isInteger(value) && value >= min && value <= max) ||
    `Expected a whole number from ${min} to ${max}, actual ${value}`
  ))

const Count = whole(1, 100_000)
const CloseCode = whole(1000, 4999)
const maxBytes = 100_000_000

/** A setting with a default. */
const setting = <A, I>(schema: Schema.Schema<A, I>, value: A) => Schema.optionalWith(schema, { default: () => value })

const resumable = setting(Schema.Boolean, false)

const timing = { at: Schema.optional(DurationText), every: Schema.optional(DurationText) }
const shard = { shard: Schema.optional(Schema.NonNegativeInt) }

/** `invalid-session` for `InvalidSession`. */
const toName = (tag: string): string => tag.replace(/\B[A-Z]/g, "-$&").toLowerCase()

/** An object whose `fault` is the name, with the fields of the fault. */
const fault = <Tag extends Fault.Fault["_tag"], Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.Struct({
    ...timing,
    ...fields,
    _tag: Schema.propertySignature(Schema.transformLiteral(toName(tag), tag)).pipe(Schema.fromKey("fault"))
  })

/** A fault of open connections. */
const live = <Tag extends Fault.LiveFault["_tag"], Fields extends Schema.Struct.Fields = {}>(
  tag: Tag,
  fields: Fields = {} as Fields
) => fault(tag, { ...shard, ...fields })

/** A rule for the next connections. */
const rule = <Tag extends Fault.Rule["_tag"], Fields extends Schema.Struct.Fields = {}>(
  tag: Tag,
  fields: Fields = {} as Fields
) =>
  fault(tag, { host: setting(Schema.Literal("gateway", "resume", "any"), "any"), times: setting(Count, 1), ...fields })

const faults = {
  Drop: live("Drop"),
  Close: live("Close", { code: setting(CloseCode, 4000), reason: setting(Schema.String, "") }),
  Reconnect: live("Reconnect"),
  InvalidSession: live("InvalidSession", { resumable }),
  EndSession: live("EndSession"),
  RequestHeartbeat: live("RequestHeartbeat"),
  HeartbeatStorm: live("HeartbeatStorm", { count: setting(Count, 200) }),
  StopAcknowledging: live("StopAcknowledging"),
  Stall: live("Stall"),
  StopReading: live("StopReading"),
  Corrupt: live("Corrupt"),
  SendText: live("SendText", { text: Schema.String }),
  BinaryFrame: live("BinaryFrame", { size: setting(whole(0, maxBytes), 0) }),
  LargeEvent: live("LargeEvent", { size: setting(whole(1, maxBytes), 10_000_000) }),
  DeepEvent: live("DeepEvent", { depth: setting(whole(1, 1_000_000), 100_000) }),
  SkipSequence: live("SkipSequence", { count: setting(Count, 1) }),
  DuplicateLast: live("DuplicateLast"),
  HelloAgain: live("HelloAgain"),
  SplitFrames: live("SplitFrames"),
  ResetMidFrame: live("ResetMidFrame"),
  Dribble: live("Dribble", { bytesPerSecond: setting(Count, 20) }),
  DenyVoice: live("DenyVoice"),
  RefuseConnections: rule("RefuseConnections", {
    status: setting(whole(400, 599), 503),
    retryAfter: Schema.optional(DurationText)
  }),
  NeverOpen: rule("NeverOpen"),
  NeverHello: rule("NeverHello"),
  HelloWithoutInterval: rule("HelloWithoutInterval"),
  ReconnectBeforeHello: rule("ReconnectBeforeHello"),
  EventBeforeHello: rule("EventBeforeHello"),
  RejectIdentify: rule("RejectIdentify"),
  NameResumeUrl: rule("NameResumeUrl", { url: setting(Schema.String, "wss://nowhere.invalid/") }),
  ReadyWithoutResumeUrl: rule("ReadyWithoutResumeUrl"),
  NeverReady: rule("NeverReady"),
  NeverResumed: rule("NeverResumed"),
  ResumedWithoutSequence: rule("ResumedWithoutSequence"),
  AcceptThenClose: rule("AcceptThenClose", { code: Schema.optional(CloseCode) }),
  RejectResume: rule("RejectResume", { resumable })
} satisfies { readonly [Tag in Fault.Fault["_tag"]]: Schema.Schema.Any }

/** The names of all faults. */
export const faultNames: ReadonlyArray<string> = Object.keys(faults).map(toName)

const FaultStep = Schema.Union(...Object.values(faults))

const SendStep = Schema.Struct({
  ...timing,
  ...shard,
  send: Schema.Struct({
    t: Schema.String.pipe(
      Schema.pattern(/^[A-Z][A-Z0-9_]*$/, { message: () => "Expected a name such as MESSAGE_CREATE" })
    ),
    d: Schema.Unknown
  })
})

const File = Schema.Struct({ steps: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })) })
  .annotations({ identifier: "an object with \"steps\"" })

const decode = <A, I>(schema: Schema.Schema<A, I>, value: unknown): Either.Either<A, string> =>
  Either.mapLeft(Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(value), describeIssue)

/** At the start no connection exists that a fault could affect. */
const checkTime = (step: Step, name: string): Either.Either<Step, string> =>
  step.every !== undefined || Duration.toMillis(step.at) > 0 || (step.what._tag !== "Send" && Fault.isRule(step.what))
    ? Either.right(step)
    : Either.left(`"${name}" needs a time, because no client is connected at the start: "at": "30s", or "every": "30s"`)

const isFault = (name: unknown): boolean => typeof name === "string" && faultNames.includes(name)

const unknownFault = (name: unknown): string =>
  typeof name === "string"
    ? `"${name}" is not a fault${didYouMean(name, faultNames)} (all: ${faultNames.join(", ")})`
    : "it needs a \"fault\" or an event to \"send\""

const decodeStep = (value: Readonly<Record<string, unknown>>): Either.Either<Step, string> => {
  if ("send" in value) {
    return Either.flatMap(
      decode(SendStep, value),
      ({ at = Duration.zero, every, send, shard }) =>
        checkTime({ at, every, shard, what: { _tag: "Send", ...send } }, "send")
    )
  }
  const name = value["fault"]
  return isFault(name)
    ? Either.flatMap(decode(FaultStep, value), ({ at = Duration.zero, every, ...fault }) => {
      const { shard, ...what } = { shard: undefined, ...fault }
      return checkTime({ at, every, shard, what }, String(name))
    })
    : Either.left(`fault: ${unknownFault(name)}`)
}

const decodeSteps = (values: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  Either.all(values.map((value, index) => Either.mapLeft(decodeStep(value), (problem) => `steps[${index}].${problem}`)))

/** Reads a scenario file: `{ "steps": [{ "at": "10s", "fault": "drop", "shard": 1 }, …] }`. The left side names the place. */
export const parse = (text: string): Either.Either<ReadonlyArray<Step>, string> =>
  isNestedTooDeeply(text) ? Either.left("it is nested too deeply") : Either.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => `it is not JSON: ${error instanceof Error ? error.message : String(error)}`
  }).pipe(
    Either.flatMap((value) => decode(File, value)),
    Either.flatMap(({ steps }) => decodeSteps(steps))
  )

/** The settings that are never a number or a boolean. */
const textKeys = new Set(["at", "every", "host", "reason", "text"])

const parseValue = (key: string, text: string): unknown =>
  textKeys.has(key) || !/^(true|false|-?\d+)$/.test(text)
    ? text
    : text === "true" || (text === "false" ? false : Number(text))

/**
 * Reads a flag: the fault's name, then after a colon its time and its settings, such as `drop:30s`,
 * `close:1m,code=4009,shard=0`, `reconnect:every=20s` or `refuse-connections:times=3`.
 */
export const parseFlag = (flag: string): Either.Either<Step, string> => {
  const [, name = "", rest = ""] = /^([^:,]*)[:,]?(.*)$/s.exec(flag) ?? []
  if (!isFault(name)) {
    return Either.left(unknownFault(name))
  }
  const settings = rest.split(",").filter((part) => part !== "").map((part): readonly [string, unknown] => {
    const [key = "", ...value] = part.split("=")
    return value.length === 0 ? ["at", key] : [key, parseValue(key, value.join("="))]
  })
  return Either.mapLeft(
    decodeStep({ ...Object.fromEntries(settings), fault: name }),
    (problem) =>
      `${flag}: ${problem.replace("\"at\": \"30s\", or \"every\": \"30s\"", `${name}:30s, or ${name}:every=30s`)}`
  )
}

const perform = (simulator: GatewaySimulator.GatewaySimulator, { shard, what }: Step): Effect.Effect<unknown> =>
  what._tag === "Send"
    ? simulator.send(what.t, what.d, { shard })
    : simulator.inject(what, shard === undefined ? "all" : { shard })

/** Performs each step at its time. Completes after the last one. */
export const run = (simulator: GatewaySimulator.GatewaySimulator, steps: ReadonlyArray<Step>): Effect.Effect<void> =>
  Effect.forEach(
    steps,
    (step) => {
      const once = perform(simulator, step)
      return Effect.delay(
        step.every === undefined ? once : Effect.forever(Effect.delay(once, step.every)),
        step.at
      )
    },
    { concurrency: "unbounded", discard: true }
  )
