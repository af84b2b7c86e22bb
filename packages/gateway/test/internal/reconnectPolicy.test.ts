import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import { Disconnect } from "../../src/internal/reconnect/disconnectReason.js"
import * as ReconnectPolicy from "../../src/internal/reconnect/policy.js"
import type * as ShardConfig from "../../src/ShardConfig.js"
import * as ShardError from "../../src/ShardError.js"

const { Decision } = ReconnectPolicy

const policy: ShardConfig.Reconnect = {
  backoffBase: Duration.seconds(1),
  backoffMax: Duration.minutes(1),
  stableAfter: Duration.minutes(1),
  resumeAttempts: 3,
  resumeWindow: Duration.minutes(5),
  invalidSessionDelay: Option.none()
}

const ended = (
  reason: Disconnect,
  rest: Partial<ReconnectPolicy.EndedConnection> = {}
): ReconnectPolicy.EndedConnection => ({
  reason,
  hasSession: true,
  hasResumeUrl: true,
  opened: true,
  establishedFor: Option.some(60_000),
  now: 0,
  wallTime: 0,
  random: 0,
  ...rest
})

const closedWith = (code: number, reason = "") => Disconnect.Closed({ frame: Option.some({ code, reason }) })
const lost = Disconnect.Closed({ frame: Option.none() })
const unreachable = Disconnect.Unreachable({ cause: new Error("refused") })

type Expected = "resume" | "identify" | "stop"

const what: (decision: ReconnectPolicy.Decision) => Expected = Decision.$match({
  Resume: (): Expected => "resume",
  Identify: (): Expected => "identify",
  Stop: (): Expected => "stop"
})

/** The decisions after a close code, with a session and without one. */
const closeCodes: ReadonlyArray<readonly [code: number, withSession: Expected, without: Expected]> = [
  [1000, "resume", "identify"],
  [1001, "resume", "identify"],
  [1002, "resume", "identify"],
  [1003, "resume", "identify"],
  [1004, "resume", "identify"],
  [1005, "resume", "identify"],
  [1006, "resume", "identify"],
  [1007, "resume", "identify"],
  [1008, "resume", "identify"],
  [1009, "resume", "identify"],
  [1010, "resume", "identify"],
  [1011, "resume", "identify"],
  [1012, "resume", "identify"],
  [1013, "resume", "identify"],
  [1014, "resume", "identify"],
  [1015, "resume", "identify"],
  [3000, "resume", "identify"],
  [4000, "resume", "identify"],
  [4001, "resume", "identify"],
  [4002, "resume", "identify"],
  [4003, "identify", "identify"],
  [4004, "stop", "stop"],
  [4005, "resume", "identify"],
  [4006, "resume", "identify"],
  [4007, "identify", "identify"],
  [4008, "resume", "identify"],
  [4009, "identify", "identify"],
  [4010, "stop", "stop"],
  [4011, "stop", "stop"],
  [4012, "stop", "stop"],
  [4013, "stop", "stop"],
  [4014, "stop", "stop"],
  [4015, "resume", "identify"],
  [4999, "resume", "identify"]
]

const otherReasons: ReadonlyArray<
  readonly [name: string, reason: Disconnect, withSession: Expected, without: Expected]
> = [
  ["a lost connection", lost, "resume", "identify"],
  ["a zombie", Disconnect.Zombie(), "resume", "identify"],
  ["opcode 7", Disconnect.ReconnectRequested(), "resume", "identify"],
  ["opcode 9 true", Disconnect.SessionInvalidated({ resumable: true }), "resume", "identify"],
  ["opcode 9 false", Disconnect.SessionInvalidated({ resumable: false }), "identify", "identify"],
  ["an unreachable host", unreachable, "resume", "identify"],
  ["no hello", Disconnect.TimedOut({ phase: "hello" }), "resume", "identify"],
  ["no READY", Disconnect.TimedOut({ phase: "ready" }), "resume", "identify"],
  ["no RESUMED", Disconnect.TimedOut({ phase: "resumed" }), "resume", "identify"],
  [
    "corrupt data",
    Disconnect.Failed({ error: new ShardError.CompressionError({ cause: new Error("corrupt") }) }),
    "resume",
    "identify"
  ]
]

describe("the reconnect policy", () => {
  for (const [code, withSession, without] of closeCodes) {
    it(`close code ${code}: ${withSession} with a session, ${without} without`, () => {
      const reason = closedWith(code)
      assert.strictEqual(what(ReconnectPolicy.decide(ReconnectPolicy.initial, ended(reason), policy)[0]), withSession)
      const bare = ended(reason, { hasSession: false, hasResumeUrl: false })
      assert.strictEqual(what(ReconnectPolicy.decide(ReconnectPolicy.initial, bare, policy)[0]), without)
    })
  }

  for (const [name, reason, withSession, without] of otherReasons) {
    it(`${name}: ${withSession} with a session, ${without} without`, () => {
      assert.strictEqual(what(ReconnectPolicy.decide(ReconnectPolicy.initial, ended(reason), policy)[0]), withSession)
      const bare = ended(reason, { hasSession: false, hasResumeUrl: false })
      assert.strictEqual(what(ReconnectPolicy.decide(ReconnectPolicy.initial, bare, policy)[0]), without)
    })
  }

  it("a fatal close carries code and reason", () => {
    const [decision] = ReconnectPolicy.decide(
      ReconnectPolicy.initial,
      ended(closedWith(4014, "Disallowed intent(s).")),
      policy
    )
    assert.deepStrictEqual(decision, Decision.Stop({ code: 4014, reason: "Disallowed intent(s)." }))
  })

  it("waits 0, 1, 2, 4 … seconds, a minute at most, while no session becomes stable", () => {
    const waits: Array<number> = []
    let history = ReconnectPolicy.initial
    for (let i = 0; i < 9; i++) {
      const [decision, next] = ReconnectPolicy.decide(
        history,
        ended(unreachable, { hasSession: false, opened: false, establishedFor: Option.none() }),
        policy
      )
      history = next
      waits.push(decision._tag === "Stop" ? -1 : Duration.toSeconds(decision.after))
    }
    assert.deepStrictEqual(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60])
    assert.strictEqual(history.attempts, 9)
  })

  it("a gateway that accepts, identifies and closes at once meets the back-off too", () => {
    const brief = ended(closedWith(4000), { establishedFor: Option.some(100) })
    const [, history] = ReconnectPolicy.decide(ReconnectPolicy.initial, brief, policy)
    const [decision] = ReconnectPolicy.decide(history, brief, policy)
    assert.deepStrictEqual(decision, Decision.Resume({ after: Duration.seconds(1), host: "resume" }))
  })

  it("a stable session lets earlier failures be forgotten", () => {
    const [decision, history] = ReconnectPolicy.decide(
      { attempts: 20, losses: 20, failedResumes: 2, lostAt: Option.some(0) },
      ended(lost, { now: 100_000 }),
      policy
    )
    assert.deepStrictEqual(decision, Decision.Resume({ after: Duration.zero, host: "resume" }))
    assert.deepStrictEqual(history, { attempts: 1, losses: 1, failedResumes: 0, lostAt: Option.some(100_000) })
  })

  /** The waits before the resumes after sessions that were each established for so long. */
  const waitsAfter = (sessions: ReadonlyArray<number>) => {
    const waits: Array<number> = []
    let history = ReconnectPolicy.initial
    for (const millis of sessions) {
      const [decision, next] = ReconnectPolicy.decide(
        history,
        ended(lost, { establishedFor: Option.some(millis) }),
        policy
      )
      history = next
      waits.push(decision._tag === "Resume" ? Duration.toSeconds(decision.after) : -1)
    }
    return waits
  }

  const times = (count: number, millis: number) => Array.from({ length: count }, () => millis)

  const sessionsInARow: ReadonlyArray<
    readonly [name: string, sessions: ReadonlyArray<number>, waits: ReadonlyArray<number>]
  > = [
    ["of no time back off", times(9, 0), [0, 1, 2, 4, 8, 16, 32, 60, 60]],
    ["of less than five seconds back off", times(6, 4_999), [0, 1, 2, 4, 8, 16]],
    ["of five seconds cost a second at most", times(5, 5_000), [0, 0, 0, 0, 0]],
    ["of less than twenty seconds cost nothing", times(5, 19_999), [0, 0, 0, 0, 0]],
    ["that crashed are forgotten after twenty seconds", [...times(9, 0), 20_000], [0, 1, 2, 4, 8, 16, 32, 60, 60, 0]],
    ["that crashed often are forgotten after twenty seconds", [...times(20, 0), 20_000, 0], [
      ...[0, 1, 2, 4, 8, 16, 32],
      ...times(13, 60),
      ...[0, 1]
    ]],
    ["that crashed count less after ten", [...times(5, 0), 10_000], [0, 1, 2, 4, 8, 1]]
  ]

  for (const [name, sessions, waits] of sessionsInARow) {
    it(`sessions ${name} before a resume`, () => assert.deepStrictEqual(waitsAfter(sessions), waits))
  }

  it("short sessions back off before an identify until one is stable", () => {
    const short = ended(closedWith(4007), { establishedFor: Option.some(59_999) })
    const waits: Array<number> = []
    let history = ReconnectPolicy.initial
    for (let n = 0; n < 5; n++) {
      const [decision, next] = ReconnectPolicy.decide(history, short, policy)
      history = next
      waits.push(decision._tag === "Identify" ? Duration.toSeconds(decision.after) : -1)
    }
    const [decision] = ReconnectPolicy.decide(history, ended(closedWith(4007)), policy)
    assert.deepStrictEqual([waits, decision], [[0, 1, 2, 4, 8], Decision.Identify({ after: Duration.zero })])
  })

  const asking = (status: number, after: Duration.DurationInput) =>
    Disconnect.Unreachable({
      cause: new GatewaySocket.OpenError({
        url: "wss://gateway.example",
        status: Option.some(status),
        retryAfter: Option.some(Duration.decode(after)),
        cause: new Error("refused")
      })
    })

  const retries: ReadonlyArray<readonly [asked: Duration.DurationInput, waited: Duration.DurationInput]> = [
    [0, 0],
    ["1500 millis", "1500 millis"],
    ["10 minutes", "10 minutes"],
    ["1 hour", "1 hour"],
    ["10 days", "1 hour"]
  ]

  for (const [asked, waited] of retries) {
    it(`waits ${Duration.format(waited)} after a refusal that asks for ${Duration.format(asked)}`, () => {
      const refused = { opened: false, establishedFor: Option.none() }
      const after = Duration.decode(waited)
      assert.deepStrictEqual(
        ReconnectPolicy.decide(ReconnectPolicy.initial, ended(asking(429, asked), refused), policy)[0],
        Decision.Resume({ after, host: "resume" })
      )
      assert.deepStrictEqual(
        ReconnectPolicy.decide(
          ReconnectPolicy.initial,
          ended(asking(503, asked), { ...refused, hasSession: false }),
          policy
        )[0],
        Decision.Identify({ after })
      )
    })
  }

  it("waits the back-off after a refusal that asks for less", () => {
    const history = { ...ReconnectPolicy.initial, attempts: 5, losses: 5 }
    const [decision] = ReconnectPolicy.decide(
      history,
      ended(asking(429, "2 seconds"), { opened: false, establishedFor: Option.none() }),
      policy
    )
    assert.deepStrictEqual(decision, Decision.Resume({ after: Duration.seconds(16), host: "resume" }))
  })

  const budgets: ReadonlyArray<readonly [untilIn: Duration.DurationInput, waited: Duration.DurationInput]> = [
    ["3 hours", "3 hours"],
    ["365 days", "1 day"]
  ]

  for (const [untilIn, waited] of budgets) {
    it(`waits ${Duration.format(waited)} for a budget that is said to be back in ${Duration.format(untilIn)}`, () => {
      const error = new IdentifyQueue.IdentifyBudgetExhausted({
        total: 1_000,
        remaining: 50,
        reserve: 50,
        until: 1_000_000 + Duration.toMillis(untilIn)
      })
      const [decision] = ReconnectPolicy.decide(
        ReconnectPolicy.initial,
        ended(Disconnect.Failed({ error }), { hasSession: false, now: 7, wallTime: 1_000_000 }),
        policy
      )
      assert.deepStrictEqual(decision, Decision.Identify({ after: Duration.decode(waited) }))
    })
  }

  it("does not wait for a budget that is back in the past", () => {
    const error = new IdentifyQueue.IdentifyBudgetExhausted({ total: 1_000, remaining: 50, reserve: 50, until: 0 })
    const [decision] = ReconnectPolicy.decide(
      ReconnectPolicy.initial,
      ended(Disconnect.Failed({ error }), { hasSession: false, wallTime: 1_000_000 }),
      policy
    )
    assert.deepStrictEqual(decision, Decision.Identify({ after: Duration.zero }))
  })

  it("an unreachable resume host is left after three attempts, and its session kept while nothing can be reached", () => {
    const hosts: Array<string> = []
    let history = ReconnectPolicy.decide(ReconnectPolicy.initial, ended(lost), policy)[1]
    for (let i = 0; i < 10; i++) {
      const failed = ended(unreachable, { opened: false, establishedFor: Option.none(), now: i * 1_000 })
      const [decision, next] = ReconnectPolicy.decide(history, failed, policy)
      history = next
      hosts.push(decision._tag === "Resume" ? decision.host : decision._tag)
    }
    assert.deepStrictEqual(hosts, ["resume", "resume", ...Array.from({ length: 8 }, () => "gateway")])
    const late = ended(unreachable, { opened: false, establishedFor: Option.none(), now: 300_000 })
    assert.strictEqual(what(ReconnectPolicy.decide(history, late, policy)[0]), "identify")
  })

  it("identifies when both hosts answer and neither resumes", () => {
    const decisions: Array<string> = []
    let history = ReconnectPolicy.decide(ReconnectPolicy.initial, ended(lost), policy)[1]
    for (let i = 0; i < 6; i++) {
      const failed = ended(Disconnect.TimedOut({ phase: "resumed" }), { establishedFor: Option.none() })
      const [decision, next] = ReconnectPolicy.decide(history, failed, policy)
      history = next
      decisions.push(decision._tag === "Resume" ? decision.host : decision._tag)
    }
    assert.deepStrictEqual(decisions, ["resume", "resume", "gateway", "gateway", "gateway", "Identify"])
  })

  it("adds the older documentation's wait after opcode 9 if it is asked for", () => {
    const courteous: ShardConfig.Reconnect = {
      ...policy,
      invalidSessionDelay: Option.some([Duration.seconds(1), Duration.seconds(5)])
    }
    const invalidated = ended(Disconnect.SessionInvalidated({ resumable: false }), { random: 0.5 })
    const [decision] = ReconnectPolicy.decide(ReconnectPolicy.initial, invalidated, courteous)
    assert.deepStrictEqual(decision, Decision.Identify({ after: Duration.seconds(3) }))
  })

  it("takes away half of the wait at most", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.nat(100),
        FastCheck.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const wait = Duration.toMillis(ReconnectPolicy.waitAfter(policy, attempts, random))
          const full = attempts === 0 ? 0 : Math.min(60_000, 1_000 * 2 ** (attempts - 1))
          assert.isAtMost(wait, full)
          assert.isAtLeast(wait, full / 2)
        }
      )
    )
  })

  it("ends every row of failed resumes with an identify, whatever fails and in what order", () => {
    const failure = FastCheck.record({
      reason: FastCheck.constantFrom(
        lost,
        unreachable,
        closedWith(4000),
        Disconnect.Zombie(),
        Disconnect.ReconnectRequested(),
        Disconnect.SessionInvalidated({ resumable: true }),
        Disconnect.TimedOut({ phase: "hello" })
      ),
      hasResumeUrl: FastCheck.boolean()
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(failure, { minLength: 40, maxLength: 40 }), (failures) => {
        let history = ReconnectPolicy.initial
        let now = 0
        for (const { hasResumeUrl, reason } of failures) {
          const opened = reason !== unreachable
          const [decision, next] = ReconnectPolicy.decide(
            history,
            ended(reason, { hasResumeUrl, opened, establishedFor: Option.none(), now }),
            policy
          )
          if (decision._tag !== "Resume") {
            return assert.strictEqual(decision._tag, "Identify")
          }
          now += Duration.toMillis(decision.after)
          history = next
        }
        assert.fail("40 attempts to resume, and still no identify")
      })
    )
  })
})
