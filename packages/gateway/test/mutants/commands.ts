/** Faults in the code that queues, writes and answers commands. */
import { internal, type Mutant, scenario } from "./mutant.js"

export const commands: ReadonlyArray<Mutant> = [
  {
    name: "RESUME is not counted by the limiter",
    file: internal("connection/connection.ts"),
    from: "yield* limiter.recordCommand\n    const payload = Command.resume(",
    to: "const payload = Command.resume(",
    test: scenario("bulkRequests")
  },
  {
    name: "IDENTIFY is not counted by the limiter",
    file: internal("connection/connection.ts"),
    from: "yield* limiter.recordCommand\n    state.identity",
    to: "state.identity",
    test: scenario("bulkRequests")
  },
  {
    name: "bulk requests keep their place in front of other commands",
    file: internal("commands/order.ts"),
    from: "firstBulk !== -1 && passed >= maxPassing",
    to: "firstBulk !== -1",
    test: scenario("bulkRequests")
  },
  {
    name: "other commands starve bulk requests",
    file: internal("commands/order.ts"),
    from: "firstBulk !== -1 && passed >= maxPassing",
    to: "firstBulk !== -1 && passed < 0",
    test: "gateway/test/internal/commandQueue.test.ts"
  },
  {
    name: "bulk requests fill the whole window",
    file: internal("commands/queueWriter.ts"),
    from: "export const bulkLimit = 100",
    to: "export const bulkLimit = 120",
    test: scenario("bulkRequests")
  },
  {
    name: "a command that asks again overtakes those that wait for a place",
    file: internal("commands/queue.ts"),
    from: "    for (const slot of waiting[tag]) {",
    to: "    for (const slot of Array.from(waiting[tag]).reverse()) {",
    test: "gateway/test/internal/commandQueue.test.ts"
  },
  {
    name: "a rate limit without a floor",
    file: internal("requests/rateLimited.ts"),
    from: "Math.max(minWaitMillis, seconds * 1_000)",
    to: "seconds * 1_000",
    test: scenario("memberRequest")
  },
  {
    name: "a rate limit is waited for beyond the end of the shard",
    file: internal("requests/guildMembers.ts"),
    from: "Answer.untilClosed(shard, Effect.sleep(millis))",
    to: "Effect.sleep(millis)",
    test: scenario("memberRequest")
  },
  {
    name: "a voice update is forgotten with its session",
    file: internal("requests/voiceState.ts"),
    from: "Deferred.unsafeDone(attempt.sessionEnded, Effect.void)",
    to: "",
    test: scenario("voiceState")
  }
]
