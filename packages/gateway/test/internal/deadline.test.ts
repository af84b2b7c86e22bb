import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import type * as Heart from "../../src/Heart.js"
import * as Deadline from "../../src/internal/deadline.js"

/** A heart whose members are woken by hand. */
const makeHeart = () => {
  const members: Array<{ readonly member: Heart.Member; due: Heart.Due | undefined }> = []
  const heart: Heart.Heart = {
    unsafeJoin: (member, first) => {
      const joined = { member, due: first }
      members.push(joined)
      return () => {
        members.splice(members.indexOf(joined), 1)
      }
    }
  }
  return {
    heart,
    waiting: () => members.map(({ due }) => due?.after),
    wake: (late: number) => {
      for (const joined of Array.from(members)) {
        joined.due = joined.member.onDue(late)
      }
    }
  }
}

const makePhase = (seconds: number) => {
  let isExcused = false
  let expired = 0
  const phase: Deadline.Phase = {
    duration: Duration.seconds(seconds),
    isExcused: () => isExcused,
    onExpired: () => {
      expired++
    },
    onDefect: () => {}
  }
  return {
    phase,
    expired: () => expired,
    excuse: (value: boolean) => {
      isExcused = value
    }
  }
}

describe("a deadline", () => {
  it("expires once, when its time is over", () => {
    const { heart, waiting, wake } = makeHeart()
    const deadline = Deadline.make(heart)
    const { expired, phase } = makePhase(20)
    deadline.unsafeStart(phase)
    assert.deepStrictEqual([waiting(), expired()], [[20_000], 0])
    wake(0)
    assert.deepStrictEqual([waiting(), expired()], [[undefined], 1])
  })

  it("begins anew for a phase that is excused", () => {
    const { heart, waiting, wake } = makeHeart()
    const deadline = Deadline.make(heart)
    const { excuse, expired, phase } = makePhase(20)
    deadline.unsafeStart(phase)
    excuse(true)
    wake(49)
    assert.deepStrictEqual([waiting(), expired()], [[20_000], 0])
    excuse(false)
    wake(49)
    assert.strictEqual(expired(), 1)
  })

  it("gives the network five seconds whenever the process was late", () => {
    const { heart, waiting, wake } = makeHeart()
    const deadline = Deadline.make(heart)
    const { expired, phase } = makePhase(20)
    deadline.unsafeStart(phase)
    wake(50)
    wake(60_000)
    assert.deepStrictEqual([waiting(), expired()], [[5_000], 0])
    wake(0)
    assert.strictEqual(expired(), 1)
  })

  it("is that of one phase, and of none once it is stopped", () => {
    const { heart, waiting } = makeHeart()
    const deadline = Deadline.make(heart)
    deadline.unsafeStop()
    deadline.unsafeStart(makePhase(20).phase)
    deadline.unsafeStart(makePhase(30).phase)
    assert.deepStrictEqual(waiting(), [30_000])
    deadline.unsafeStop()
    assert.deepStrictEqual(waiting(), [])
  })
})
