/** Steps in the life of shards, as values that fast-check generates and shrinks. */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Fault from "@vesper/testing/Fault"
import * as Data from "effect/Data"
import * as FastCheck from "effect/FastCheck"

/** One step. `shard` selects one of the existing shards. */
export type Step = Data.TaggedEnum<{
  /** Time passes. */
  Wait: { readonly millis: number }
  /** The gateway sends events. */
  Traffic: { readonly shard: number; readonly count: number }
  Fault: { readonly shard: number; readonly fault: Fault.Fault }
  /** The program sends commands. */
  Commands: { readonly shard: number; readonly kind: "voice" | "presence"; readonly count: number }
  /** Sets the time of the program for each event. */
  Slow: { readonly shard: number; readonly millis: number }
  /** The program closes the shard and connects again. */
  Close: { readonly shard: number; readonly intent: "EndSession" | "KeepSession" }
  /** The process ends, and another one resumes the stored session. */
  Restart: { readonly shard: number }
}>

export const Step = Data.taggedEnum<Step>()

/** A sequence of steps for a number of shards. */
export interface History {
  readonly seed: number
  readonly shards: number
  readonly maxConcurrency: number
  readonly compression: "none" | "zlib" | "zstd"
  readonly bufferSize: number
  readonly acknowledge: "onReceive" | "onHandled"
  readonly latency: number
  readonly steps: ReadonlyArray<Step>
}

const { constant, constantFrom, integer, oneof } = FastCheck

const host = constantFrom<Fault.Host>("any", "gateway", "resume")
const rule = { host, times: integer({ min: 1, max: 3 }) }
const record = FastCheck.record

/** Close codes of a gateway, including undocumented ones. */
const closeCode = oneof(
  constantFrom(...CloseCode.all.map(({ code }) => code)),
  constantFrom(1000, 1001, 1006, 1011, 1012, 3000, 4006, 4999)
).filter((code) => code !== 1006)

const fault: FastCheck.Arbitrary<Fault.Fault> = oneof(
  constantFrom<Fault.Fault>(
    Fault.Drop(),
    Fault.Reconnect(),
    Fault.InvalidSession({ resumable: true }),
    Fault.InvalidSession({ resumable: false }),
    Fault.EndSession(),
    Fault.RequestHeartbeat(),
    Fault.StopAcknowledging(),
    Fault.Stall(),
    Fault.Corrupt(),
    Fault.DuplicateLast(),
    Fault.HelloAgain(),
    Fault.SplitFrames(),
    Fault.ResetMidFrame(),
    Fault.SendText({ text: "not json" }),
    Fault.SendText({ text: "{\"op\":99}" })
  ),
  record({ count: integer({ min: 1, max: 5 }) }).map(Fault.SkipSequence),
  record({ code: closeCode, reason: constantFrom("", "bye") }).map(Fault.Close),
  record({ ...rule, status: constantFrom(400, 403, 429, 500, 503, 521) }).map(Fault.RefuseConnections),
  record(rule).map(Fault.NeverOpen),
  record(rule).map(Fault.NeverHello),
  record(rule).map(Fault.HelloWithoutInterval),
  record(rule).map(Fault.ReconnectBeforeHello),
  record(rule).map(Fault.EventBeforeHello),
  record(rule).map(Fault.RejectIdentify),
  record({ ...rule, url: constantFrom("wss://dead.invalid/", "ws://plain.example/", "https://no.example/", "") }).map(
    Fault.NameResumeUrl
  ),
  record(rule).map(Fault.NeverReady),
  record(rule).map(Fault.NeverResumed),
  record({ ...rule, code: oneof(constant(undefined), constantFrom(1000, 1001, 4000, 4009)) }).map(
    Fault.AcceptThenClose
  ),
  record({ ...rule, resumable: FastCheck.boolean() }).map(Fault.RejectResume)
)

const shard = integer({ min: 0, max: 2 })

const step: FastCheck.Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: record({ millis: constantFrom(0, 1, 40, 400, 3_000, 20_000, 90_000) }).map(Step.Wait) },
  { weight: 4, arbitrary: record({ shard, count: integer({ min: 1, max: 12 }) }).map(Step.Traffic) },
  { weight: 6, arbitrary: record({ shard, fault }).map(Step.Fault) },
  {
    weight: 1,
    arbitrary: record({
      shard,
      kind: constantFrom<"voice" | "presence">("voice", "presence"),
      count: constantFrom(1, 3, 70)
    }).map(Step.Commands)
  },
  { weight: 1, arbitrary: record({ shard, millis: constantFrom(0, 10, 300, 5_000) }).map(Step.Slow) },
  {
    weight: 1,
    arbitrary: record({
      shard,
      intent: constantFrom<"EndSession" | "KeepSession">("EndSession", "KeepSession")
    }).map(Step.Close)
  },
  { weight: 1, arbitrary: record({ shard }).map(Step.Restart) }
)

export const history: FastCheck.Arbitrary<History> = record({
  seed: FastCheck.nat(),
  shards: integer({ min: 1, max: 3 }),
  maxConcurrency: integer({ min: 1, max: 2 }),
  compression: constantFrom<History["compression"]>("none", "zlib", "zstd"),
  bufferSize: constantFrom(1024, 1, 2, 5),
  acknowledge: constantFrom<History["acknowledge"]>("onReceive", "onHandled"),
  latency: constantFrom(0, 30),
  steps: FastCheck.array(step, { minLength: 1, maxLength: 24 })
})
