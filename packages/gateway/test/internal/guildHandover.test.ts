import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as GuildHandover from "../../src/internal/fleet/reshard/guildHandover.js"

const policy: GuildHandover.Policy = { lag: 10, patience: 1_000_000 }

const anchor = (value: string): GuildHandover.Copy<string> => ({ key: value, isAnchor: true, value })
const plain = (value: string): GuildHandover.Copy<string> => ({ key: value, isAnchor: false, value })

type Step =
  | readonly ["old" | "new", GuildHandover.Copy<string>]
  | readonly ["has" | "loseOld" | "loseNew" | "closeOld"]
  | readonly ["wait", number]

/** Plays what the two shards bring, one step a millisecond, and gives what was delivered. */
const play = (steps: ReadonlyArray<Step>, prefersOld = false) => {
  const guild = GuildHandover.make<string>(0, prefersOld)
  const delivered: Array<string> = []
  let now = 0
  for (const step of steps) {
    now++
    switch (step[0]) {
      case "old":
        delivered.push(...GuildHandover.fromOld(guild, step[1], now))
        break
      case "new":
        delivered.push(...GuildHandover.fromNew(guild, step[1], now))
        break
      case "has":
        GuildHandover.overlap(guild, now)
        break
      case "loseOld":
        delivered.push(...GuildHandover.loseOld(guild))
        break
      case "loseNew":
        GuildHandover.loseNew(guild)
        break
      case "closeOld":
        delivered.push(...GuildHandover.closeOld(guild))
        break
      case "wait":
        now += step[1]
        delivered.push(...GuildHandover.settle(guild, { old: now, new: now }, policy))
    }
  }
  return { delivered: delivered.join(""), phase: guild.phase, isSettled: GuildHandover.isSettled(guild) }
}

const [a, b, c, d] = [anchor("a"), anchor("b"), anchor("c"), anchor("d")]
const [x, y, z] = [plain("x"), plain("y"), plain("z")]

const table: ReadonlyArray<{
  readonly name: string
  readonly steps: ReadonlyArray<Step>
  readonly delivered: string
  readonly phase: GuildHandover.HandoverPhase
}> = [
  {
    name: "only the old shard has the guild",
    steps: [["old", a], ["new", b], ["old", x]],
    delivered: "ax",
    phase: "Old"
  },
  {
    name: "the new one is behind: its copy of an anchor is the common point",
    steps: [["has"], ["old", a], ["old", b], ["new", a], ["new", b], ["new", c], ["old", c]],
    delivered: "abc",
    phase: "Both"
  },
  {
    name: "the new one is ahead: what it holds follows on the old one's copy",
    steps: [["has"], ["new", a], ["new", b], ["new", x], ["old", a], ["old", b], ["old", x], ["old", c], ["new", c]],
    delivered: "abxc",
    phase: "Both"
  },
  {
    name: "the old one is behind: events from before the new one had the guild still come",
    steps: [["old", a], ["has"], ["old", x], ["new", b], ["old", y], ["old", b], ["new", c]],
    delivered: "axybc",
    phase: "Both"
  },
  {
    name: "what has no id is no common point by itself",
    steps: [["old", x], ["has"], ["new", x], ["new", y]],
    delivered: "x",
    phase: "Overlap"
  },
  {
    name: "a long silence is one",
    steps: [["old", x], ["has"], ["old", y], ["new", y], ["wait", 10], ["new", z], ["old", z]],
    delivered: "xyz",
    phase: "Both"
  },
  {
    name: "a short silence is none",
    steps: [["has"], ["old", y], ["new", y], ["wait", 8], ["new", z]],
    delivered: "y",
    phase: "Overlap"
  },
  {
    name: "a guild that never says a word is handed over too",
    steps: [["has"], ["wait", 10]],
    delivered: "",
    phase: "Both"
  },
  {
    name: "the same thing twice is delivered twice",
    steps: [["has"], ["old", a], ["new", a], ["old", x], ["old", x], ["new", x], ["new", x], ["new", x], ["old", x]],
    delivered: "axxx",
    phase: "Both"
  },
  {
    name: "the new one loses its session: the old one goes on, and drops what was delivered before it brought it",
    steps: [["has"], ["old", a], ["new", a], ["new", b], ["loseNew"], ["old", b], ["old", c], ["new", d]],
    delivered: "abc",
    phase: "Old"
  },
  {
    name: "the old one loses its session: the new one goes on",
    steps: [["has"], ["old", a], ["new", a], ["old", b], ["loseOld"], ["new", b], ["new", c], ["new", d], ["old", d]],
    delivered: "abcd",
    phase: "Both"
  },
  {
    name: "the old one loses its session before a common point: what the new one holds is all there is",
    steps: [["has"], ["old", x], ["new", x], ["new", y], ["loseOld"], ["new", z], ["old", z]],
    delivered: "xyz",
    phase: "Both"
  }
]

describe("a guild between two shards", () => {
  for (const { delivered, name, phase, steps } of table) {
    it(name, () => {
      const played = play(steps)
      assert.deepStrictEqual([played.delivered, played.phase], [delivered, phase])
    })
  }

  it("forgets copies that cannot come any more", () => {
    assert.isFalse(play([["has"], ["old", a], ["new", a], ["old", b], ["wait", 8]]).isSettled)
    assert.isTrue(play([["has"], ["old", a], ["new", a], ["old", b], ["wait", 10]]).isSettled)
  })
})

describe("a guild whose old copies are preferred", () => {
  const joined: ReadonlyArray<Step> = [["has"], ["old", a], ["new", a], ["new", b]]
  const cases: ReadonlyArray<readonly [name: string, steps: ReadonlyArray<Step>, delivered: string]> = [
    ["waits for the old copy", [], "a"],
    ["is delivered from the old shard, once", [["old", b], ["old", c], ["new", c]], "abc"],
    ["waits no longer once the old session is lost", [["loseOld"]], "ab"],
    ["waits no longer once the old shard is closed", [["closeOld"], ["new", c]], "abc"],
    ["waits no longer once the old copy would have arrived", [["wait", 10], ["new", c]], "ab"],
    ["waits for the later old copies of a common point that the old shard brings", [
      ["loseNew"],
      ["has"],
      ["new", c],
      [
        "new",
        d
      ],
      ["old", b],
      ["old", c]
    ], "abc"]
  ]
  for (const [name, steps, delivered] of cases) {
    it(name, () => {
      assert.strictEqual(play([...joined, ...steps], true).delivered, delivered)
    })
  }
})

/** One event of a history: what it says, how long after the one before, and how late each of its copies is. */
interface Happening {
  readonly content: string
  readonly isAnchor: boolean
  readonly gap: number
  readonly oldDelay: number
  readonly newDelay: number
}

const happening: FastCheck.Arbitrary<Happening> = FastCheck.record({
  // Few contents, so that many events say the same.
  content: FastCheck.constantFrom("x", "y", "z"),
  isAnchor: FastCheck.boolean(),
  gap: FastCheck.oneof({ weight: 8, arbitrary: FastCheck.nat(3) }, { weight: 1, arbitrary: FastCheck.nat(40) }),
  oldDelay: FastCheck.nat(9),
  newDelay: FastCheck.nat(9)
})

interface History {
  readonly happenings: ReadonlyArray<Happening>
  /** After how many events each new session gets the guild; all but the last lose it again after some more. */
  readonly sessions: ReadonlyArray<{ readonly starts: number; readonly lives: number }>
  /** The end: no shard closes, the new shard closes (a roll-back), or the old one closes once the guild is handed over. */
  readonly end: "none" | "rollBack" | "drain"
}

const history: FastCheck.Arbitrary<History> = FastCheck.record({
  happenings: FastCheck.array(happening, { minLength: 1, maxLength: 60 }),
  sessions: FastCheck.array(FastCheck.record({ starts: FastCheck.nat(15), lives: FastCheck.nat(30) }), {
    minLength: 1,
    maxLength: 3
  }),
  end: FastCheck.constantFrom("none", "rollBack", "drain")
})

interface Arrival {
  readonly at: number
  readonly order: number
  readonly run: (now: number) => ReadonlyArray<string>
}

/** Plays a history on the two shards, each in its order, and gives what was delivered. */
const live = ({ end, happenings, sessions }: History, prefersOld: boolean): ReadonlyArray<string> => {
  const guild = GuildHandover.make<string>(0, prefersOld)
  const arrivals: Array<Arrival> = []
  let [time, oldAt, newAt, order] = [0, 0, 0, 0]
  let session = 0
  let isOldGone = false
  let isNewGone = false
  const starts: Array<{ readonly from: number; readonly to: number }> = []
  let from = 0
  for (const [i, { lives, starts: wait }] of sessions.entries()) {
    from += wait
    const to = i === sessions.length - 1 ? Number.POSITIVE_INFINITY : from + lives
    starts.push({ from, to })
    from = to
  }
  const arrive = (at: number, run: Arrival["run"]) => arrivals.push({ at, order: order++, run })
  for (const [i, { content, gap, isAnchor, newDelay, oldDelay }] of happenings.entries()) {
    for (const [number, { from: first, to: last }] of starts.entries()) {
      if (first === i) {
        newAt = Math.max(newAt, time + newDelay)
        arrive(newAt, (now) => {
          session = number
          GuildHandover.loseNew(guild)
          if (!isNewGone) {
            GuildHandover.overlap(guild, now)
          }
          return []
        })
      }
      if (first <= i && i < last) {
        const at = newAt = Math.max(newAt, time + gap + newDelay)
        arrive(at, (now) =>
          isNewGone || session !== number
            ? []
            : GuildHandover.fromNew(guild, { key: isAnchor ? `#${i}` : content, isAnchor, value: `${i}` }, now))
      }
    }
    time += gap
    oldAt = Math.max(oldAt, time + oldDelay)
    arrive(
      oldAt,
      (now) =>
        isOldGone
          ? []
          : GuildHandover.fromOld(guild, { key: isAnchor ? `#${i}` : content, isAnchor, value: `${i}` }, now)
    )
  }
  const over = Math.max(oldAt, newAt) + 100
  for (let at = 0; at < over; at += 5) {
    arrive(at, (now) => {
      const fresh = GuildHandover.settle(guild, { old: now, new: now }, policy)
      if (end === "rollBack" && now >= over / 2) {
        isNewGone = true
        GuildHandover.loseNew(guild)
      }
      if (end === "drain" && guild.phase === "Both" && session === sessions.length - 1) {
        isOldGone = true
        return [...fresh, ...GuildHandover.closeOld(guild)]
      }
      return fresh
    })
  }
  arrivals.sort((left, right) => left.at - right.at || left.order - right.order)
  return arrivals.flatMap(({ at, run }) => run(at))
}

describe("any history of a guild", () => {
  for (const prefersOld of [false, true]) {
    it(
      `is delivered whole, once and in order, whichever shard goes and whenever, ${
        prefersOld ? "with the old" : "with the first"
      } copies`,
      () => {
        FastCheck.assert(
          FastCheck.property(history, (lived) => {
            const contentOf = (i: string) => {
              const happened = lived.happenings[Number(i)]
              return happened?.isAnchor === true ? `#${i}` : happened?.content
            }
            // Which of two copies was delivered cannot be told where two events say the same, and is of no matter.
            const delivered = live(lived, prefersOld).map(contentOf)
            assert.deepStrictEqual(delivered, lived.happenings.map((_, i) => contentOf(String(i))))
          }),
          { numRuns: 3_000, seed: 5 }
        )
      }
    )
  }
})
