import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Command from "../src/Command.js"

type Made = Either.Either<Command.Command, Command.InvalidCommand>

const ids = Array.from({ length: 101 }, (_, i) => String(i + 1))
const presence: Command.Presence = { since: null, activities: [], status: "online", afk: false }

// JSON.parse, as from a program that the compiler does not check.
const withoutStatus = (): Command.PresenceOptions => JSON.parse("{\"afk\":true}")

const refused: ReadonlyArray<readonly [what: string, made: () => Made, path: string, problem: RegExp]> = [
  [
    "a query and user ids",
    () => Command.requestGuildMembers({ guild_id: "1", query: "a", limit: 1, user_ids: ["2"] }),
    "d.query",
    /exclude each other/
  ],
  ["neither query nor user ids", () => Command.requestGuildMembers({ guild_id: "1" }), "d.query", /exactly one/],
  [
    "101 user ids",
    () => Command.requestGuildMembers({ guild_id: "1", user_ids: ids }),
    "d.user_ids",
    /has 101 ids/
  ],
  [
    "a limit over 100 with a query",
    () => Command.requestGuildMembers({ guild_id: "1", query: "a", limit: 101 }),
    "d.limit",
    /at most 100/
  ],
  [
    "a nonce of 33 bytes",
    () => Command.requestGuildMembers({ guild_id: "1", query: "", limit: 0, nonce: "é".repeat(16) + "x" }),
    "d.nonce",
    /33/
  ],
  [
    "a limit without a query",
    () => Command.requestGuildMembers({ guild_id: "1", user_ids: ["2"], limit: 5 }),
    "d.limit",
    /goes with query only/
  ],
  [
    "no url for a stream",
    () => Command.updatePresence({ ...presence, activities: [{ name: "a", type: 1 }] }),
    "d.activities.0.url",
    /twitch\.tv or youtube\.com/
  ],
  [
    "a url of another place for a stream",
    () =>
      Command.updatePresence({
        ...presence,
        activities: [{ name: "a", type: 1, url: "https://example.org/twitch.tv/" }]
      }),
    "d.activities.0.url",
    /twitch\.tv or youtube\.com/
  ],
  ["a presence without status", () => Command.updatePresence(withoutStatus()), "d.status", /online, dnd, idle/],
  [
    "a status that Discord does not know",
    () => Command.updatePresence(JSON.parse(JSON.stringify({ ...presence, status: "busy" }))),
    "d.status",
    /online, dnd, idle/
  ],
  [
    "no field to ask for",
    () => Command.requestChannelInfo(JSON.parse("{\"guild_id\":\"1\",\"fields\":[]}")),
    "d.fields",
    /at least one field/
  ],
  [
    "a guild id that is none",
    () =>
      Command.updateVoiceState({
        guild_id: "guild",
        channel_id: null,
        self_mute: false,
        self_deaf: false
      }),
    "d.guild_id",
    /must be a snowflake/
  ],
  [
    "an activity without a name",
    () => Command.updatePresence({ ...presence, activities: [{ name: "", type: 0 }] }),
    "d.activities.0.name",
    /must not be empty/
  ],
  [
    "an activity of no type",
    () => Command.updatePresence({ ...presence, activities: [{ name: "a", type: 9 }] }),
    "d.activities.0.type",
    /from 0 to 5/
  ]
]

describe("a command", () => {
  for (const [what, make, path, problem] of refused) {
    it(`with ${what} is refused, and the field named`, () => {
      const made = make()
      assert.isTrue(Either.isLeft(made))
      if (Either.isLeft(made)) {
        assert.strictEqual(made.left.path.join("."), path)
        assert.match(made.left.message, problem)
      }
    })
  }

  it("for a presence has defaults for all fields but the status", () => {
    const made = Either.getOrThrow(Command.updatePresence({ status: "idle" }))
    assert.deepStrictEqual(made.d, { since: null, activities: [], status: "idle", afk: false })
  })

  it("for a stream is taken with its url", () => {
    const activities = [{ name: "a", type: 1, url: "https://www.twitch.tv/discord" }]
    assert.isTrue(Either.isRight(Command.updatePresence({ ...presence, activities })))
  })

  it("is the same on the wire, whatever its text", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ minLength: 1, unit: "grapheme" }), (name) => {
      const made = Either.getOrThrow(Command.updatePresence({ ...presence, activities: [{ name, type: 0 }] }))
      assert.deepStrictEqual(JSON.parse(Command.encode(made)), made)
    }))
  })

  it("for members by query has a limit, for Discord ignores one without", () => {
    const made = Either.getOrThrow(Command.requestGuildMembers({ guild_id: "1", query: "" }))
    assert.deepStrictEqual(JSON.parse(Command.encode(made)), { op: 8, d: { guild_id: "1", query: "", limit: 0 } })
  })
})

describe("what the shard sends", () => {
  const token = Redacted.make("MTE.secret")

  it("has the token on the wire only", () => {
    const identify = Command.identify({
      token,
      intents: 1,
      properties: { os: "linux", browser: "vesper", device: "vesper" },
      large_threshold: 50,
      shard: [0, 1]
    })
    const resume = Command.resume({ token, session_id: "a", seq: 7 })
    for (const payload of [identify, resume]) {
      assert.notInclude(JSON.stringify(payload), "secret")
      assert.include(Command.encode(payload), "\"token\":\"MTE.secret\"")
    }
    assert.deepStrictEqual(JSON.parse(Command.encode(resume)), {
      op: 6,
      d: { token: "MTE.secret", session_id: "a", seq: 7 }
    })
  })

  it("beats with the last sequence, or with null", () => {
    assert.strictEqual(Command.encode(Command.heartbeat(251)), "{\"op\":1,\"d\":251}")
    assert.strictEqual(Command.encode(Command.heartbeat(null)), "{\"op\":1,\"d\":null}")
  })
})
