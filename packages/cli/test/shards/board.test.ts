import { assert, describe, it } from "@effect/vitest"
import * as Latency from "@vesper/gateway/Latency"
import * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Board from "../../src/shards/board.js"
import { Rates } from "../../src/tui/index.js"

const event = (t: string, s: number) => Dispatch.fromPayload({ op: 0, t, s, d: {} })

const add = (board: Board.ShardBoard, shard: number, t: string, s: number, at = 0) => {
  const it = event(t, s)
  const id = ShardId.unsafeMake(shard, board.ids.length)
  return Board.addEvent(board, Board.eventLine(it, id, at), it, id)
}

const shards = (board: Board.ShardBoard) => board.ids.map((id) => Board.get(board, id))

const rates = (board: Board.ShardBoard) => board.ids.map((id) => Rates.get(board.rates.perSecond, id))

const counted: ReadonlyArray<
  readonly [what: string, events: ReadonlyArray<readonly [string, number]>, counts: Partial<Board.ShardCounts>]
> = [
  ["a session in order", [["READY", 1], ["A", 2], ["A", 3]], { events: 3, sequence: 3, sessions: 1, lost: 0 }],
  ["a resume in order", [["READY", 1], ["A", 2], ["RESUMED", 3]], { resumes: 1, lost: 0, repeated: 0 }],
  ["a gap", [["READY", 1], ["A", 5]], { lost: 3, sequence: 5 }],
  ["a repetition", [["READY", 1], ["A", 2], ["A", 2]], { repeated: 1, lost: 0, sequence: 2 }],
  ["a session that another process has begun", [["A", 7], ["RESUMED", 8], ["A", 10]], { lost: 1, resumes: 1 }],
  ["a new session", [["READY", 1], ["A", 9], ["READY", 1], ["A", 2]], { sessions: 2, lost: 7, sequence: 2 }]
]

describe("a board", () => {
  for (const [what, events, counts] of counted) {
    it(`counts ${what}`, () => {
      const board = events.reduce((board, [t, s]) => add(board, 0, t, s), Board.make(ShardId.all(1), 0))
      assert.deepInclude(shards(board)[0], counts)
    })
  }

  it("counts nothing as lost if only some events are read", () => {
    const board = add(add(Board.make(ShardId.all(1), 0, { isGapless: false }), 0, "READY", 1), 0, "A", 9)
    assert.strictEqual(Board.totals(board).lost, 0)
  })

  it("keeps shards apart, and adds them up", () => {
    const board = add(add(add(Board.make(ShardId.all(2), 0), 0, "READY", 1), 1, "READY", 1), 1, "A", 4)
    assert.deepStrictEqual(shards(board).map(({ events, lost }) => [events, lost]), [[1, 0], [2, 2]])
    assert.deepInclude(Board.totals(board), { events: 3, sessions: 2, lost: 2 })
  })

  it("measures rates once a second, by the time that has passed", () => {
    const four = [1, 2, 3, 4].reduce((board, s) => add(board, 0, "A", s), Board.make(ShardId.all(1), 1_000))
    assert.deepStrictEqual(rates(Board.sample(four, 1_999)), [0])
    const sampled = Board.sample(four, 3_000)
    assert.deepStrictEqual(rates(sampled), [2])
    assert.deepStrictEqual(rates(Board.sample(sampled, 4_000)), [0])
  })

  it("measures the rates of types", () => {
    const board = ["A", "B", "B"].reduce((board, t, i) => add(board, 0, t, i + 1), Board.make(ShardId.all(1), 0))
    const { perSecond } = Board.sample(board, 2_000).typeRates
    assert.deepStrictEqual([Rates.get(perSecond, "A"), Rates.get(perSecond, "B")], [0.5, 1])
  })

  it("takes each round trip once", () => {
    const latency = (periods: number, millis: number) =>
      new Latency.Latency({ ...Latency.empty, periods, recent: Chunk.of(Duration.millis(millis)) })
    const beats = [latency(1, 30), latency(1, 30), latency(2, 30), latency(3, 50)]
    const board = beats.reduce((board, beat) => Board.addRoundTrips(board, [beat]), Board.make(ShardId.all(1), 0))
    assert.deepStrictEqual(shards(board)[0]?.roundTrips, [30, 30, 50])
  })

  it("shows other shards after a resharding, keeps what stays, and forgets nothing that was counted", () => {
    const two = add(add(add(Board.make(ShardId.all(2), 0), 0, "READY", 1), 1, "READY", 1), 1, "A", 2)
    const four = Board.reshape(two, ShardId.all(4))
    assert.deepStrictEqual(four.ids.map(String), ["[0/4]", "[1/4]", "[2/4]", "[3/4]"])
    assert.deepStrictEqual(shards(four).map(({ events }) => events), [0, 0, 0, 0])
    assert.deepInclude(Board.totals(four), { events: 3, sessions: 2 })
    // An event of a shard that is not shown counts for the total.
    const late = event("A", 900)
    const old = ShardId.unsafeMake(1, 2)
    const more = Board.addEvent(four, Board.eventLine(late, old, 0), late, old)
    assert.deepInclude(Board.totals(more), { events: 4, lost: 0 })
    // The rate of a shard that stays is continued.
    const moved = Board.reshape(add(two, 1, "A", 3), [ShardId.unsafeMake(1, 2)])
    assert.deepStrictEqual(rates(Board.sample(moved, 1_000)), [3])
    assert.deepInclude(Board.totals(moved), { events: 4, sessions: 2 })
    assert.strictEqual(Board.reshape(moved, moved.ids), moved)
  })

  it("keeps the notices of shards apart from the log, which events fill", () => {
    const notice = {
      at: 1,
      shard: 0,
      origin: "#0",
      title: "INFO",
      text: "the connection was lost",
      tone: "busy" as const
    }
    const noticed = Board.addNotice(Board.addNotice(Board.make(ShardId.all(1), 0), notice), {
      ...notice,
      shard: undefined
    })
    let board = noticed
    for (let s = 1; s <= 350; s++) {
      board = add(board, 0, "A", s, s)
    }
    assert.deepStrictEqual(board.incidents, [notice])
    assert.notInclude(board.log, notice)
  })

  it("remembers the last lines only", () => {
    let board = Board.make(ShardId.all(1), 0)
    for (let s = 1; s <= 350; s++) {
      board = add(board, 0, "A", s, s)
    }
    assert.strictEqual(board.log.length, 200)
    assert.strictEqual(board.log.at(-1)?.at, 350)
  })
})
