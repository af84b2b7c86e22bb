import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { pipe } from "effect/Function"
import * as EventType from "../src/EventType.js"
import * as Flags from "../src/Flags.js"
import * as Intents from "../src/Intents.js"
import * as Permissions from "../src/Permissions.js"
import * as ShardId from "../src/ShardId.js"
import * as Snowflake from "../src/Snowflake.js"

const intents = Intents.of("Guilds", "GuildMessages")
const permissions = Either.getOrThrow(Permissions.fromString("11"))
const shard = ShardId.unsafeMake(5, 8)
const older = Snowflake.make("1")
const newer = Snowflake.make("2")

/** Each operation with its data first, and in a pipe. */
const operations: ReadonlyArray<readonly [name: string, dataFirst: unknown, dataLast: unknown]> = [
  ["Intents.has", Intents.has(intents, "Guilds"), pipe(intents, Intents.has("Guilds"))],
  ["Intents.add", Intents.add(intents, "GuildMembers"), pipe(intents, Intents.add("GuildMembers"))],
  ["Intents.remove", Intents.remove(intents, "Guilds"), pipe(intents, Intents.remove("Guilds"))],
  ["Intents.union", Intents.union(intents, Intents.all), pipe(intents, Intents.union(Intents.all))],
  ["Permissions.has", Permissions.has(permissions, "KickMembers"), pipe(permissions, Permissions.has("KickMembers"))],
  ["Permissions.allows", Permissions.allows(permissions, "Speak"), pipe(permissions, Permissions.allows("Speak"))],
  ["Permissions.add", Permissions.add(permissions, "Speak"), pipe(permissions, Permissions.add("Speak"))],
  ["Permissions.remove", Permissions.remove(permissions, "Speak"), pipe(permissions, Permissions.remove("Speak"))],
  [
    "Permissions.union",
    Permissions.union(permissions, Permissions.all),
    pipe(permissions, Permissions.union(Permissions.all))
  ],
  ["Flags.has", Flags.Activity.has(3, "Join"), pipe(3, Flags.Activity.has("Join"))],
  ["Flags.add", Flags.Activity.add(1, "Join"), pipe(1, Flags.Activity.add("Join"))],
  ["Flags.remove", Flags.Activity.remove(3, "Join"), pipe(3, Flags.Activity.remove("Join"))],
  ["Flags.union", Flags.Activity.union(1, 2), pipe(1, Flags.Activity.union(2))],
  [
    "EventType.isAllowedBy",
    EventType.isAllowedBy("TYPING_START", intents),
    pipe("TYPING_START" as const, EventType.isAllowedBy(intents))
  ],
  ["ShardId.shardOf", ShardId.shardOf("197038439483310086", 16), pipe("197038439483310086", ShardId.shardOf(16))],
  ["ShardId.parts", ShardId.parts(12, 16), pipe(12, ShardId.parts(16))],
  ["ShardId.bucket", ShardId.bucket(shard, 4), pipe(shard, ShardId.bucket(4))],
  ["Snowflake.compare", Snowflake.compare(older, newer), pipe(older, Snowflake.compare(newer))]
]

describe("an operation with the data last", () => {
  for (const [name, dataFirst, dataLast] of operations) {
    it(`${name} returns the same as with the data first`, () => assert.deepStrictEqual(dataLast, dataFirst))
  }

  it("has the types of its arguments", () => {
    expectTypeOf(pipe(intents, Intents.add("Guilds"))).toEqualTypeOf<Intents.Intents>()
    expectTypeOf(pipe(permissions, Permissions.allows("Speak"))).toEqualTypeOf<boolean>()
    expectTypeOf(pipe(older, Snowflake.compare(newer))).toEqualTypeOf<-1 | 0 | 1>()
    // @ts-expect-error no intent has this name
    assert.throws(() => pipe(intents, Intents.add("Guild")))
  })
})
