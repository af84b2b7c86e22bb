/** Faults of identify limits, of sessions that are resumed, and of code that is not the library's. */
import type { Mutant } from "./mutant.js"

export const identifyMutants: ReadonlyArray<Mutant> = [
  {
    name: "an interrupted identify is refunded",
    file: "gateway/src/internal/identify/permits.ts",
    from: "Exit.isFailure(exit) && Cause.isFailType(exit.cause)",
    to: "Exit.isFailure(exit) && !Cause.isDie(exit.cause)",
    test: "gateway/test/IdentifyQueue.test.ts"
  },
  {
    name: "the unsafe resume URL of a stored session is followed",
    file: "gateway/src/internal/session/saver.ts",
    from: "url === undefined || GatewayUrl.mayResumeAt(config.gatewayUrl, url)",
    to: "true",
    test: "gateway/test/scenarios/security.test.ts"
  },
  {
    name: "a stored session id with control characters is resumed",
    file: "gateway/src/internal/session/resumeCheck.ts",
    from: "if (!PeerText.isPlain(id, maxIdLength))",
    to: "if (id === \"\")",
    test: "gateway/test/scenarios/security.test.ts"
  },
  {
    name: "the session store may take as long as it likes",
    file: "gateway/src/internal/session/saver.ts",
    from: "Guard.runWithin(evaluate, { limit,",
    to: "Guard.runWithin(evaluate, { limit: Duration.infinity,",
    test: "gateway/test/scenarios/foreignStores.test.ts"
  },
  {
    name: "the identify store may take as long as it likes",
    file: "gateway/src/internal/identify/persistence.ts",
    from: "const limit = Duration.seconds(5)",
    to: "const limit = Duration.infinity",
    test: "gateway/test/scenarios/foreignStores.test.ts"
  },
  {
    name: "identifies are counted by the wall clock",
    file: "gateway/src/internal/identify/permits.ts",
    from: "monotonic: Math.floor(monotonic)",
    to: "monotonic: monotonic - monotonic + wall",
    test: "gateway/test/IdentifyQueue.test.ts"
  },
  {
    name: "a session that lacks an intent is resumed",
    file: "gateway/src/internal/session/resumeCheck.ts",
    from: "missing === Intents.none ? []",
    to: "missing !== undefined ? []",
    test: "gateway/test/internal/session/identity.test.ts"
  }
]
