import { assert, describe, it } from "@effect/vitest"
import * as Dispatch from "@vesper/model/Dispatch"
import * as Option from "effect/Option"
import * as GuildCount from "../../src/internal/fleet/guildCount.js"

const [a, b, c] = ["81384788765712384", "197038439483310086", "613425648685547541"] as const

type Step = readonly [t: string, d: unknown]

const ready = (
  ...ids: ReadonlyArray<string>
): Step => ["READY", { guilds: ids.map((id) => ({ id, unavailable: true })) }]
const create = (id: string): Step => ["GUILD_CREATE", { id }]
const remove = (id: string): Step => ["GUILD_DELETE", { id }]
const outage = (id: string): Step => ["GUILD_DELETE", { id, unavailable: true }]

const after = (steps: ReadonlyArray<Step>, shard = { id: 0, total: 1 }) => {
  const count = GuildCount.make(shard)
  // Bodies are whatever a gateway sends.
  steps.forEach(([t, d], i) =>
    GuildCount.record(count, Dispatch.fromPayload({ op: 0, t, s: i, d } as Dispatch.Payload))
  )
  return GuildCount.count(count)
}

const table: ReadonlyArray<readonly [what: string, steps: ReadonlyArray<Step>, expected: Option.Option<number>]> = [
  ["nothing", [], Option.none()],
  ["events of a session that another process began", [create(a), remove(b), remove(c)], Option.none()],
  ["READY", [ready(a, b)], Option.some(2)],
  ["READY and the guilds it named", [ready(a, b), create(a), create(b)], Option.some(2)],
  ["a join", [ready(a), create(b)], Option.some(2)],
  ["the same guild again and again", [ready(), create(a), create(a), create(a)], Option.some(1)],
  ["a guild that is left", [ready(a, b), remove(a)], Option.some(1)],
  ["a guild that is left twice", [ready(a, b), remove(a), remove(a)], Option.some(1)],
  ["a guild that it never had", [ready(a), remove(b)], Option.some(1)],
  ["an outage", [ready(a), outage(a)], Option.some(1)],
  ["an outage and its end", [ready(a), outage(a), create(a)], Option.some(1)],
  ["READY of a new session", [ready(a, b, c), ready(a)], Option.some(1)],
  ["READY without guilds", [["READY", {}]], Option.none()],
  ["READY with odd guilds", [["READY", { guilds: [null, 5, {}, { id: 5 }, { id: "x" }, { id: a }] }]], Option.some(1)],
  ["events without bodies", [ready(a), ["GUILD_CREATE", null], ["GUILD_DELETE", {}]], Option.some(1)]
]

describe("the guilds of a shard", () => {
  for (const [what, steps, expected] of table) {
    it(`are counted after ${what}`, () => {
      assert.deepStrictEqual(after(steps), expected)
    })
  }

  it("do not have those of other shards among them", () => {
    const ids = Array.from({ length: 10 }, (_, i) => String(BigInt(i) << 22n))
    assert.deepStrictEqual(after([ready(...ids)], { id: 1, total: 3 }), Option.some(3))
    assert.deepStrictEqual(after([ready(), ...ids.map(create)], { id: 0, total: 3 }), Option.some(4))
  })

  it("are unknown where a gateway names too many", () => {
    const ids = Array.from({ length: 60_000 }, (_, i) => String(i))
    assert.deepStrictEqual(after([ready(...ids)]), Option.none())
  })
})
