import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Scenario from "../../src/scenario/scenario.js"

const step = (what: Scenario.Step["what"], rest: Partial<Scenario.Step> = {}): Scenario.Step => ({
  at: Duration.zero,
  every: undefined,
  shard: undefined,
  what,
  ...rest
})

const flags: ReadonlyArray<readonly [flag: string, step: Scenario.Step]> = [
  ["drop:30s", step(Fault.Drop(), { at: Duration.seconds(30) })],
  ["drop:every=500ms", step(Fault.Drop(), { every: Duration.millis(500) })],
  ["drop:1m,every=2m,shard=3", step(Fault.Drop(), { at: Duration.minutes(1), every: Duration.minutes(2), shard: 3 })],
  ["close:1s,code=4009,reason=bye", step(Fault.Close({ code: 4009, reason: "bye" }), { at: Duration.seconds(1) })],
  ["close:1s", step(Fault.Close({ code: 4000, reason: "" }), { at: Duration.seconds(1) })],
  ["invalid-session:1s,resumable=true", step(Fault.InvalidSession({ resumable: true }), { at: Duration.seconds(1) })],
  ["refuse-connections", step(Fault.RefuseConnections({ host: "any", times: 1, status: 503 }))],
  ["never-hello:times=2,host=resume", step(Fault.NeverHello({ host: "resume", times: 2 }))]
]

const wrongFlags: ReadonlyArray<readonly [flag: string, problem: RegExp]> = [
  ["dorp:30s", /"dorp" is not a fault; did you mean drop\?/],
  ["drop", /"drop" needs a time.*drop:30s, or drop:every=30s/],
  ["drop:30x", /at: "x" is not a unit of time/],
  ["close:1s,code=99", /code: Expected/],
  ["heartbeat-storm:1s,count=999999999", /count: Expected a whole number from 1 to 100000, actual 999999999$/],
  ["skip-sequence:1s,count=100001", /count: Expected a whole number from 1 to 100000/],
  ["never-hello:times=100001", /times: Expected a whole number from 1 to 100000/],
  ["binary-frame:1s,size=100000001", /size: Expected a whole number from 0 to 100000000/],
  ["large-event:1s,size=100000001", /size: Expected a whole number from 1 to 100000000/],
  ["deep-event:1s,depth=1000001", /depth: Expected a whole number from 1 to 1000000/],
  ["drop:1s,color=red", /color: is unexpected/],
  ["refuse-connections:shard=1", /shard: is unexpected/]
]

const wrongFiles: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
  ["{", /^it is not JSON: /],
  ["[]", /^Expected/],
  ["{}", /^steps: is missing/],
  [
    `{"steps": [{"fault": "drop", "at": "1s"}, {"fault": "close", "at": "1s", "code": "x"}]}`,
    /^steps\[1\]\.code: Expected/
  ],
  [`{"steps": [{"fault": "dorp", "at": "1s"}]}`, /^steps\[0\]\.fault: "dorp" is not a fault; did you mean drop\?/],
  [`{"steps": [{"at": "1s"}]}`, /^steps\[0\]\.fault: it needs a "fault" or an event to "send"/],
  [`{"steps": [{"at": "1s", "send": {"t": "message", "d": {}}}]}`, /^steps\[0\]\.send\.t: Expected a name such as/],
  [`{"steps": [{"send": {"t": "MESSAGE_CREATE", "d": {}}}]}`, /^steps\[0\]\."send" needs a time/]
]

describe("faults by flag", () => {
  for (const [flag, expected] of flags) {
    it(`reads ${flag}`, () => assert.deepStrictEqual(Scenario.parseFlag(flag), Either.right(expected)))
  }

  for (const [flag, problem] of wrongFlags) {
    it(`refuses ${flag}`, () => assert.match(Either.getOrThrow(Either.flip(Scenario.parseFlag(flag))), problem))
  }

  it("reads the name of every fault", () => {
    for (const name of Scenario.faultNames) {
      const text = name === "send-text" ? ",text=x" : ""
      assert.isTrue(Either.isRight(Scenario.parseFlag(`${name}:1s${text}`)), name)
    }
  })
})

describe("a scenario file", () => {
  it("holds faults and events", () => {
    const text = JSON.stringify({
      steps: [
        { at: "10s", fault: "drop", shard: 0 },
        { every: "5s", send: { t: "MESSAGE_CREATE", d: { content: "hi" } } }
      ]
    })
    assert.deepStrictEqual(
      Scenario.parse(text),
      Either.right([
        step(Fault.Drop(), { at: Duration.seconds(10), shard: 0 }),
        step({ _tag: "Send", t: "MESSAGE_CREATE", d: { content: "hi" } }, { every: Duration.seconds(5) })
      ])
    )
  })

  for (const [text, problem] of wrongFiles) {
    it(`names the place of what is wrong in ${text}`, () =>
      assert.match(Either.getOrThrow(Either.flip(Scenario.parse(text))), problem))
  }
})

describe("a running scenario", () => {
  it.scoped("does everything at its time, and again if asked to", () =>
    Effect.gen(function*() {
      const done: Array<readonly [at: number, what: string]> = []
      const now = yield* Effect.clock
      const note = (what: string) => Effect.sync(() => done.push([now.unsafeCurrentTimeMillis(), what]))
      const simulator: GatewaySimulator.GatewaySimulator = {
        ...(yield* GatewaySimulator.make()),
        inject: (fault, target) => note(`${fault._tag} ${JSON.stringify(target)}`),
        send: (type, fields) => Effect.as(note(`${type} ${JSON.stringify(fields)}`), 1)
      }
      const running = yield* Effect.fork(Scenario.run(simulator, [
        step(Fault.Drop(), { at: Duration.seconds(3), shard: 1 }),
        step({ _tag: "Send", t: "MESSAGE_CREATE", d: { guild_id: "7" } }, { every: Duration.seconds(2) })
      ]))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(done, [
        [2_000, "MESSAGE_CREATE {\"guild_id\":\"7\"}"],
        [3_000, "Drop {\"shard\":1}"],
        [4_000, "MESSAGE_CREATE {\"guild_id\":\"7\"}"]
      ])
      yield* Fiber.interrupt(running)
    }))
})
