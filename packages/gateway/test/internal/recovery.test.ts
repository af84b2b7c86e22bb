import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Recovery from "../../src/internal/recovery.js"
import * as ShardError from "../../src/ShardError.js"

const { Decision, Disconnect } = Recovery

const policy: Recovery.Policy = {
  backoffBase: Duration.seconds(1),
  backoffMax: Duration.minutes(1),
  resumeAttempts: 3,
  resumeWindow: Duration.minutes(5),
  invalidSessionDelay: Option.none()
}

const ended = (reason: Recovery.Disconnect, rest: Partial<Recovery.Ended> = {}): Recovery.Ended => ({
  reason,
  hasSession: true,
  hasResumeUrl: true,
  opened: true,
  established: true,
  stable: true,
  now: 0,
  random: 0,
  ...rest
})

const closedWith = (code: number, reason = "") => Disconnect.Closed({ frame: Option.some({ code, reason }) })
const lost = Disconnect.Closed({ frame: Option.none() })
const unreachable = Disconnect.Unreachable({ cause: new Error("refused") })

type Expected = "resume" | "identify" | "stop"

const what: (decision: Recovery.Decision) => Expected = Decision.$match({
  Resume: (): Expected => "resume",
  Identify: (): Expected => "identify",
  Stop: (): Expected => "stop"
})

/** What follows a close code, with a session and without one. */
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
  readonly [name: string, reason: Recovery.Disconnect, withSession: Expected, without: Expected]
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

describe("recovery", () => {
  for (const [code, withSession, without] of closeCodes) {
    it(`close code ${code}: ${withSession} with a session, ${without} without`, () => {
      const reason = closedWith(code)
      assert.strictEqual(what(Recovery.decide(Recovery.initial, ended(reason), policy)[0]), withSession)
      const bare = ended(reason, { hasSession: false, hasResumeUrl: false })
      assert.strictEqual(what(Recovery.decide(Recovery.initial, bare, policy)[0]), without)
    })
  }

  for (const [name, reason, withSession, without] of otherReasons) {
    it(`${name}: ${withSession} with a session, ${without} without`, () => {
      assert.strictEqual(what(Recovery.decide(Recovery.initial, ended(reason), policy)[0]), withSession)
      const bare = ended(reason, { hasSession: false, hasResumeUrl: false })
      assert.strictEqual(what(Recovery.decide(Recovery.initial, bare, policy)[0]), without)
    })
  }

  it("a fatal close carries code and reason", () => {
    const [decision] = Recovery.decide(Recovery.initial, ended(closedWith(4014, "Disallowed intent(s).")), policy)
    assert.deepStrictEqual(decision, Decision.Stop({ code: 4014, reason: "Disallowed intent(s)." }))
  })

  it("waits 0, 1, 2, 4 … seconds, a minute at most, while no session becomes stable", () => {
    const waits: Array<number> = []
    let history = Recovery.initial
    for (let i = 0; i < 9; i++) {
      const [decision, next] = Recovery.decide(
        history,
        ended(unreachable, { hasSession: false, opened: false, established: false, stable: false }),
        policy
      )
      history = next
      waits.push(decision._tag === "Stop" ? -1 : Duration.toSeconds(decision.after))
    }
    assert.deepStrictEqual(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60])
    assert.strictEqual(history.attempts, 9)
  })

  it("a gateway that accepts, identifies and closes at once meets the back-off too", () => {
    const brief = ended(closedWith(4000), { stable: false })
    const [, history] = Recovery.decide(Recovery.initial, brief, policy)
    const [decision] = Recovery.decide(history, brief, policy)
    assert.deepStrictEqual(decision, Decision.Resume({ after: Duration.seconds(1), host: "resume" }))
  })

  it("a stable session lets earlier failures be forgotten", () => {
    const [decision, history] = Recovery.decide(
      { attempts: 20, failedResumes: 2, lostAt: Option.some(0) },
      ended(lost, { now: 100_000 }),
      policy
    )
    assert.deepStrictEqual(decision, Decision.Resume({ after: Duration.zero, host: "resume" }))
    assert.deepStrictEqual(history, { attempts: 1, failedResumes: 0, lostAt: Option.some(100_000) })
  })

  it("an unreachable resume host is left after three attempts, and its session kept while nothing can be reached", () => {
    const hosts: Array<string> = []
    let history = Recovery.decide(Recovery.initial, ended(lost), policy)[1]
    for (let i = 0; i < 10; i++) {
      const failed = ended(unreachable, { opened: false, established: false, stable: false, now: i * 1_000 })
      const [decision, next] = Recovery.decide(history, failed, policy)
      history = next
      hosts.push(decision._tag === "Resume" ? decision.host : decision._tag)
    }
    assert.deepStrictEqual(hosts, ["resume", "resume", ...Array.from({ length: 8 }, () => "gateway")])
    const late = ended(unreachable, { opened: false, established: false, stable: false, now: 300_000 })
    assert.strictEqual(what(Recovery.decide(history, late, policy)[0]), "identify")
  })

  it("identifies when both hosts answer and neither resumes", () => {
    const decisions: Array<string> = []
    let history = Recovery.decide(Recovery.initial, ended(lost), policy)[1]
    for (let i = 0; i < 6; i++) {
      const failed = ended(Disconnect.TimedOut({ phase: "resumed" }), { established: false, stable: false })
      const [decision, next] = Recovery.decide(history, failed, policy)
      history = next
      decisions.push(decision._tag === "Resume" ? decision.host : decision._tag)
    }
    assert.deepStrictEqual(decisions, ["resume", "resume", "gateway", "gateway", "gateway", "Identify"])
  })

  it("adds the older documentation's wait after opcode 9 if it is asked for", () => {
    const courteous: Recovery.Policy = {
      ...policy,
      invalidSessionDelay: Option.some([Duration.seconds(1), Duration.seconds(5)])
    }
    const invalidated = ended(Disconnect.SessionInvalidated({ resumable: false }), { random: 0.5 })
    const [decision] = Recovery.decide(Recovery.initial, invalidated, courteous)
    assert.deepStrictEqual(decision, Decision.Identify({ after: Duration.seconds(3) }))
  })

  it("takes away half of the wait at most", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.nat(100),
        FastCheck.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const wait = Duration.toMillis(Recovery.backoff(policy, attempts, random))
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
        let history = Recovery.initial
        let now = 0
        for (const { hasResumeUrl, reason } of failures) {
          const opened = reason !== unreachable
          const [decision, next] = Recovery.decide(
            history,
            ended(reason, { hasResumeUrl, opened, established: false, stable: false, now }),
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
