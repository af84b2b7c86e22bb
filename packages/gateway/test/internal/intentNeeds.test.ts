import { assert, describe, it } from "@effect/vitest"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import type * as Events from "../../src/Events.js"
import * as Needs from "../../src/internal/assembly/intentNeeds.js"

const origins: ReadonlyArray<Events.EventOrigin> = ["guilds", "directMessages", "everywhere"]

const need: FastCheck.Arbitrary<Needs.IntentNeed> = FastCheck.record({
  event: FastCheck.constantFrom(...EventType.all),
  from: FastCheck.option(FastCheck.constantFrom(...origins)).map(Option.fromNullable),
  intents: FastCheck.uniqueArray(FastCheck.constantFrom(...Intents.allNames), { maxLength: 2 })
})

describe("the intents that handlers need", () => {
  const cases: ReadonlyArray<
    readonly [event: EventType.EventType, origin: Events.EventOrigin, names: ReadonlyArray<Intents.Name>]
  > = [
    ["MESSAGE_CREATE", "guilds", ["GuildMessages"]],
    ["MESSAGE_CREATE", "directMessages", ["DirectMessages"]],
    ["MESSAGE_CREATE", "everywhere", ["GuildMessages", "DirectMessages"]],
    ["MESSAGE_DELETE_BULK", "directMessages", ["GuildMessages"]],
    ["CHANNEL_PINS_UPDATE", "guilds", ["Guilds"]],
    ["THREAD_MEMBERS_UPDATE", "everywhere", ["Guilds"]],
    ["INTERACTION_CREATE", "everywhere", []],
    ["GUILD_MEMBER_ADD", "guilds", ["GuildMembers"]]
  ]
  for (const [event, origin, names] of cases) {
    it(`for ${event} from ${origin} are ${names.join(" and ") || "none"}`, () => {
      assert.deepStrictEqual(Needs.admittingIntents(event, origin), names)
    })
  }

  it("let the events through, from any origin", () => {
    for (const event of EventType.all) {
      for (const origin of origins) {
        assert.isTrue(
          EventType.isAllowedBy(event, Intents.of(...Needs.admittingIntents(event, origin))),
          `${event} ${origin}`
        )
      }
    }
  })

  it("leave nothing missing and, once its privileged ones are granted, nothing ungranted", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(need, { maxLength: 5 }), (needs) => {
      const intents = Needs.mergeIntents(needs)
      assert.deepStrictEqual(Needs.describeMissing(needs, intents), Option.none())
      assert.deepStrictEqual(Needs.describeUngranted(needs, intents), Option.none())
    }))
  })

  it("are named when a privileged one is not granted, each of them", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(need, { maxLength: 5 }), (needs) => {
      const problem = Option.getOrElse(Needs.describeUngranted(needs, Intents.none), () => "")
      for (const name of Intents.privilegedNames) {
        assert.strictEqual(problem.includes(`privileged: ["${name}"]`), Intents.has(Needs.mergeIntents(needs), name))
      }
    }))
  })
})

describe("intents that a shard does not request", () => {
  const messages: Needs.IntentNeed = { event: "MESSAGE_CREATE", from: Option.none(), intents: [] }

  it("are no problem if the event comes from somewhere, and nobody said from where", () => {
    assert.deepStrictEqual(Needs.describeMissing([messages], Intents.of("DirectMessages")), Option.none())
  })

  it("are named if it was said from where", () => {
    const fromGuilds = { ...messages, from: Option.some<Events.EventOrigin>("guilds") }
    assert.match(
      Option.getOrThrow(Needs.describeMissing([fromGuilds], Intents.of("DirectMessages"))),
      /the handler of MESSAGE_CREATE needs the intent GuildMessages/
    )
  })

  it("are named if the handler says so itself, with their switch", () => {
    const withContent: Needs.IntentNeed = { ...messages, intents: ["MessageContent"] }
    assert.match(
      Option.getOrThrow(Needs.describeMissing([withContent], Intents.of("GuildMessages"))),
      /MessageContent.*"Message Content Intent" on the Bot page/
    )
  })
})
