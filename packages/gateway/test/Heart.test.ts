import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Heart from "../src/Heart.js"

const interval = 40_000
const slack = 1_000

/** A member that goes on at one interval, and writes down when it was woken. */
const makeMember = Effect.map(Effect.clock, (clock) => {
  const times: Array<number> = []
  const defects: Array<unknown> = []
  const member: Heart.Member = {
    onDue: () => {
      times.push(clock.unsafeCurrentTimeMillis())
      return { after: interval, slack }
    },
    onDefect: (cause) => {
      defects.push(cause)
    }
  }
  return { member, times, defects }
})

/** The same member, which asks for no more. */
const once = (member: Heart.Member): Heart.Member => ({
  ...member,
  onDue: (late) => {
    member.onDue(late)
    return undefined
  }
})

/** The same clock, counting who sleeps, and with a wall clock that can be set. */
const makeClock = (clock: Clock.Clock) => {
  let sleeps = 0
  let sleeping = 0
  let shift = 0
  const counting: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + shift,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(Effect.suspend(() => clock.currentTimeMillis), (millis) => millis + shift),
    currentTimeNanos: Effect.suspend(() => clock.currentTimeNanos),
    sleep: (duration) =>
      Effect.suspend(() => {
        sleeps++
        sleeping++
        return Effect.ensuring(clock.sleep(duration), Effect.sync(() => sleeping--))
      })
  }
  return {
    clock: counting,
    sleeps: () => sleeps,
    sleeping: () => sleeping,
    setBack: (millis: number) => {
      shift -= millis
    }
  }
}

describe("a heart", () => {
  it.scoped("wakes a member that is alone exactly at its times", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const { member, times } = yield* makeMember
      heart.unsafeJoin(member, { after: 12_345.5, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(times, [12_345.5, 12_345.5 + interval, 12_345.5 + 2 * interval])
    }))

  it.scoped("wakes those together whose times are close, early and never late, and once for all of them", () =>
    Effect.gen(function*() {
      const { clock, sleeps } = makeClock(yield* Effect.clock)
      const heart = yield* Effect.withClock(Heart.make, clock)
      const members = yield* Effect.forEach(
        [5_000, 5_400, 6_000, 6_001],
        (after) => Effect.tap(makeMember, ({ member }) => Effect.sync(() => heart.unsafeJoin(member, { after, slack })))
      )
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(members.map(({ times }) => times), [
        [5_000, 45_000, 85_000],
        [5_000, 45_000, 85_000],
        [5_000, 45_000, 85_000],
        [6_001, 46_001, 86_001]
      ])
      // Twice in each of three rounds, and once for the next.
      assert.strictEqual(sleeps(), 7)
    }))

  it.scoped("brings those together that join in another order", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [later, earlier] = [yield* makeMember, yield* makeMember]
      heart.unsafeJoin(later.member, { after: 5_400, slack })
      heart.unsafeJoin(earlier.member, { after: 5_000, slack })
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(earlier.times, [5_000, 45_000])
      assert.deepStrictEqual(later.times, [5_400, 45_000])
    }))

  it.scoped("wakes who has no slack exactly, and nobody else by their times", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [beating, exact] = [yield* makeMember, yield* makeMember]
      heart.unsafeJoin(once(exact.member), { after: 4_500, slack: 0 })
      heart.unsafeJoin(beating.member, { after: 5_000, slack })
      heart.unsafeJoin(exact.member, { after: 5_500, slack: 0 })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([beating.times, exact.times], [[5_000], [4_500, 5_500]])
    }))

  it.scoped("wakes one that joins later and is due sooner", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [first, second] = [yield* makeMember, yield* makeMember]
      heart.unsafeJoin(first.member, { after: 30_000, slack })
      yield* TestClock.adjust("5 seconds")
      heart.unsafeJoin(second.member, { after: 0, slack })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([first.times, second.times], [[], [5_000]])
      yield* TestClock.adjust(interval)
      assert.deepStrictEqual([first.times, second.times], [[30_000], [5_000, 45_000]])
    }))

  it.scoped("leaves alone who has left, and goes on for the others", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [first, second] = [yield* makeMember, yield* makeMember]
      const leave = heart.unsafeJoin(first.member, { after: 5_000, slack })
      heart.unsafeJoin(second.member, { after: 5_500, slack })
      yield* TestClock.adjust("10 seconds")
      leave()
      leave()
      yield* TestClock.adjust(interval)
      assert.deepStrictEqual([first.times, second.times], [[5_000], [5_000, 45_000]])
    }))

  it.scoped("does not wake again who leaves while it is woken, or who asks for no more", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [first, second] = [yield* makeMember, yield* makeMember]
      const leave = heart.unsafeJoin({
        ...first.member,
        onDue: (late) => {
          leave()
          return first.member.onDue(late)
        }
      }, { after: 5_000, slack })
      heart.unsafeJoin(once(second.member), { after: 5_000, slack })
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual([first.times, second.times], [[5_000], [5_000]])
    }))

  it.scoped("tells a member that throws, and no other notices", () =>
    Effect.gen(function*() {
      const heart = yield* Heart.make
      const [broken, sound] = [yield* makeMember, yield* makeMember]
      heart.unsafeJoin({
        ...broken.member,
        onDue: () => {
          throw "broken"
        }
      }, { after: 5_000, slack })
      heart.unsafeJoin(sound.member, { after: 5_500, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(broken.defects, ["broken"])
      assert.deepStrictEqual(sound.times, [5_000, 45_000, 85_000])
    }))

  it.scoped("goes on when the wall clock is set back", () =>
    Effect.gen(function*() {
      const { clock, setBack } = makeClock(yield* Effect.clock)
      const heart = yield* Effect.withClock(Heart.make, clock)
      const { member, times } = yield* makeMember
      heart.unsafeJoin(member, { after: 5_000, slack })
      yield* TestClock.adjust("10 seconds")
      setBack(3_600_000)
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(times, [5_000, 45_000, 85_000])
    }))

  it.scoped("is gone with its scope, and joining it then does nothing", () =>
    Effect.gen(function*() {
      const { clock, sleeping } = makeClock(yield* Effect.clock)
      const scope = yield* Scope.make()
      const heart = yield* Effect.withClock(Scope.extend(Heart.make, scope), clock)
      const { member, times } = yield* makeMember
      heart.unsafeJoin(member, { after: 5_000, slack })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(sleeping(), 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(sleeping(), 0)
      heart.unsafeJoin(member, { after: 0, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(times, [5_000])
    }))

  it.effect("is one for all who are given it, and else one for each", () =>
    Effect.gen(function*() {
      const both = Effect.all([Heart.current, Heart.current])
      const [first, second] = yield* Effect.scoped(Effect.provide(both, Heart.layer))
      assert.strictEqual(first, second)
      const [third, fourth] = yield* Effect.scoped(both)
      assert.notStrictEqual(third, fourth)
    }))
})
