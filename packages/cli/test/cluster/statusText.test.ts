import { assert, describe, it } from "@effect/vitest"
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import * as StatusText from "../../src/cluster/statusText.js"

const place = (id: number, runner: string | undefined): ClusterStatus.ShardPlace => ({
  id: ShardId.unsafeMake(id, 4),
  runner: Option.fromNullable(runner),
  status: runner === undefined ? Option.none() : Option.some("Connected"),
  ping: Option.none()
})

const status: ClusterStatus.ClusterStatus = {
  total: 4,
  runners: [{ id: "a", name: "10.0.0.7:34431", isDraining: true, shards: [0, 1, 3] }],
  shards: [place(0, "a"), place(1, "a"), place(2, undefined), place(3, "a")],
  identifies: Option.some({ remaining: 988, total: 1_000 }),
  resharding: Option.some({ total: 8, parts: 4, done: 1, shards: [] })
}

describe("a cluster's status", () => {
  it("names runners, shards that move, and how far a resharding is", () => {
    assert.deepStrictEqual(StatusText.render(status).split("\n"), [
      "4 shards on 1 runner: 3 connected, 1 unassigned",
      "  10.0.0.7:34431     3 shards: 0-1, 3 (draining)",
      "  identifies left today: 988 of 1000",
      "  unassigned: 2",
      "resharding to 8: 1 of 4 parts done"
    ])
  })

  it("is one object of JSON", () => {
    const json = JSON.parse(StatusText.toJson(status))
    assert.deepInclude(json, {
      total: 4,
      identifies: { remaining: 988, total: 1_000 },
      resharding: { total: 8, parts: 4, done: 1 }
    })
    assert.deepStrictEqual(json.shards[2], { id: 2, runner: null, status: null, ping: null })
    assert.isNull(JSON.parse(StatusText.toJson({ ...status, resharding: Option.none() })).resharding)
  })
})
