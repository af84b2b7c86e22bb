/** Mistakes in the measurement of time, and in timeouts. */
import { internal, type Mutant, scenario } from "./mutant.js"

export const time: ReadonlyArray<Mutant> = [
  {
    name: "lag renews the grace period of a silent connection",
    file: internal("heartbeat/policy.ts"),
    from: "Math.max(0, graceMillis - cost)",
    to: "seen.late > 0 ? graceMillis : Math.max(0, graceMillis - cost)",
    test: scenario("busyProcess")
  },
  {
    name: "a connection is left before its socket was polled",
    file: internal("heartbeat/policy.ts"),
    from: "remaining > 0 || !seen.isRead",
    to: "remaining > 0",
    test: "gateway/test/internal/heartbeatPolicy.test.ts"
  },
  {
    name: "a heartbeat interval of a millisecond is accepted",
    file: internal("heartbeat/interval.ts"),
    from: "interval >= minInterval && ",
    to: "",
    test: scenario("heartbeatLimits")
  },
  {
    name: "a heartbeat is written for each request while the peer reads none",
    file: internal("heartbeat/sender.ts"),
    from: " || unwritten > 0",
    to: "",
    test: scenario("heartbeatLimits")
  },
  {
    name: "heartbeats ignore the limit of messages",
    file: internal("heartbeat/sender.ts"),
    from: "limiter.unsafeHeartbeatDelay(now) : 0",
    to: "0 : 0",
    test: scenario("heartbeatLimits")
  },
  {
    name: "a resume is excused for ever while events arrive",
    file: internal("connection/phaseTimeout.ts"),
    from: "extensions < maxExtensions && ",
    to: "",
    test: "gateway/test/internal/phaseTimeout.test.ts"
  },
  {
    name: "a limiter wakes a fraction of a millisecond early",
    file: internal("time/slidingLog.ts"),
    from: "Math.ceil(blocking + windowMillis - now)",
    to: "blocking + windowMillis - now",
    test: "gateway/test/CommandRateLimiter.test.ts"
  },
  {
    name: "losses count after a healthy session",
    file: internal("reconnect/policy.ts"),
    from: "establishedFor >= Duration.toMillis(healthyAfter)",
    to: "establishedFor < 0",
    test: "gateway/test/internal/reconnectPolicy.test.ts"
  },
  {
    name: "Retry-After is not waited for",
    file: internal("reconnect/policy.ts"),
    from: "Duration.max(waitAfter(policy, count, ended.random), retryAfter(ended))",
    to: "waitAfter(policy, count, ended.random)",
    test: "gateway/test/internal/reconnectPolicy.test.ts"
  }
]
