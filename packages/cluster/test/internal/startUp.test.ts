import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { retryStartUp } from "../../src/internal/database/startUp.js"
import * as DatabaseClock from "../../src/internal/ownership/databaseClock.js"

const failing = (code: string) => Object.assign(new Error("no"), { code })

describe("a start", () => {
  const mended = ["ECONNREFUSED", "57P03", "53300", "23505", "42P07", "SQLITE_BUSY"]
  for (const code of mended) {
    it.effect(`waits for a database that fails with ${code}`, () =>
      Effect.gen(function*() {
        let attempts = 0
        const starting = yield* Effect.fork(
          retryStartUp("not yet")(Effect.suspend(() =>
            // As libraries wrap it.
            ++attempts < 8 ? Effect.fail({ cause: { cause: failing(code) } }) : Effect.void
          ))
        )
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(starting)
        assert.strictEqual(attempts, 8)
      }))
  }

  for (const code of ["28P01", "28000", "3D000", "42501", "42601", "SQLITE_NOTADB"]) {
    it.effect(`gives up at once on ${code}, which waiting cannot mend`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(retryStartUp("not yet")(Effect.fail(failing(code))))
        assert.isTrue(Exit.isFailure(exit))
      }))
  }
})

describe("the database's clock", () => {
  const make = () => {
    const clock = DatabaseClock.make(Duration.seconds(15))
    clock.observe(1_000_000, 0)
    return clock
  }

  it("is trusted while it runs on, however slowly it answers", () => {
    const clock = make()
    clock.observe(1_007_000, 5_000)
    assert.isFalse(clock.isSuspect(5_000))
    assert.isAtLeast(clock.latest(5_000), 1_007_000)
  })

  it("lets nothing be taken over for a lease after it was set forward", () => {
    const clock = make()
    assert.isBelow(clock.latest(1_000), 4_600_000)
    clock.observe(4_600_000, 1_000)
    assert.isTrue(clock.isSuspect(15_000))
    assert.strictEqual(clock.latest(15_000), 0)
    assert.isFalse(clock.isSuspect(16_001))
    assert.isAtLeast(clock.latest(16_001), 4_615_000)
  })

  it("is followed at once when it is set back", () => {
    const clock = make()
    clock.observe(500_000, 1_000)
    assert.isFalse(clock.isSuspect(1_000))
    assert.isBelow(clock.latest(2_000), 510_000)
  })
})
