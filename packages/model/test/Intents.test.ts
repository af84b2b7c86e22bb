import { assert, describe, it } from "@effect/vitest"
import { GatewayIntentBits } from "discord-api-types/v10"
import * as ModelSchema from "../src/ModelSchema.js"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Intents from "../src/Intents.js"

const someNames = FastCheck.uniqueArray(FastCheck.constantFrom(...Intents.allNames))
const someBits = FastCheck.maxSafeNat()

const unsafeFromBits = (bits: number) => Either.getOrThrow(Intents.fromBits(bits))

/** Older names of two intents in discord-api-types. */
const aliases: Readonly<Record<string, string>> = {
  GuildBans: "GuildModeration",
  GuildEmojisAndStickers: "GuildExpressions"
}

describe("intents", () => {
  it("have the bits that discord-api-types knows, no more and no fewer", () => {
    const theirs = Object.entries(GatewayIntentBits)
      .filter((entry): entry is [string, number] => typeof entry[1] === "number")
      .map(([name, bit]): [string, number] => [aliases[name] ?? name, bit])
    assert.deepStrictEqual(
      Object.fromEntries(Intents.allNames.map((name) => [name, Number(Intents.of(name))])),
      Object.fromEntries(theirs)
    )
  })

  it("that are privileged are these three", () => {
    assert.deepStrictEqual(Intents.privilegedNames, ["GuildMembers", "GuildPresences", "MessageContent"])
    assert.deepStrictEqual(Intents.privileged(Intents.all), Intents.privilegedNames)
    assert.deepStrictEqual(Intents.privileged(Intents.nonPrivileged), [])
  })

  it("are described, and have the documentation's names, from which they can be parsed", () => {
    for (const name of Intents.allNames) {
      assert.isNotEmpty(Intents.describe(name))
      assert.match(Intents.documentedName(name), /^[A-Z]+(_[A-Z]+)*$/)
      assert.deepStrictEqual(Intents.parse([Intents.documentedName(name)]), Either.right(Intents.of(name)))
      assert.strictEqual(2 ** Intents.bit(name), Intents.of(name))
    }
    assert.strictEqual(Intents.documentedName("AutoModerationConfiguration"), "AUTO_MODERATION_CONFIGURATION")
  })

  it("that are privileged, and only those, have a switch in the portal", () => {
    assert.deepStrictEqual(
      Intents.allNames.filter((name) => Option.isSome(Intents.portalSwitch(name))),
      Intents.privilegedNames
    )
    assert.deepStrictEqual(Intents.allNames.filter(Intents.isPrivileged), Intents.privilegedNames)
  })

  it("are what they were made of", () => {
    FastCheck.assert(FastCheck.property(someNames, (names) => {
      const intents = Intents.of(...names)
      assert.sameMembers([...Intents.names(intents)], names)
      assert.deepStrictEqual(Intents.parse(Intents.names(intents)), Either.right(intents))
    }))
  })

  it("can be added and taken away, the others untouched, unknown bits too", () => {
    FastCheck.assert(
      FastCheck.property(someBits, FastCheck.constantFrom(...Intents.allNames), (bits, name) => {
        const intents = unsafeFromBits(bits)
        const [more, less] = [Intents.add(intents, name), Intents.remove(intents, name)]
        assert.isTrue(Intents.has(more, name))
        assert.isFalse(Intents.has(less, name))
        assert.strictEqual(more - less, Number(Intents.of(name)))
        assert.deepStrictEqual(Intents.unknownBits(more), Intents.unknownBits(intents))
      })
    )
  })

  it("unite as bit sets do, beyond 32 bits", () => {
    FastCheck.assert(FastCheck.property(someBits, someBits, (a, b) => {
      assert.strictEqual(
        BigInt(Intents.union(unsafeFromBits(a), unsafeFromBits(b))),
        BigInt(a) | BigInt(b)
      )
    }))
  })

  it("keep bits that nobody knows yet", () => {
    const intents = unsafeFromBits(2 ** 40 + 1)
    assert.deepStrictEqual(Intents.names(intents), ["Guilds"])
    assert.deepStrictEqual(Intents.unknownBits(intents), [40])
    assert.strictEqual(Schema.encodeSync(ModelSchema.Intents)(intents), 2 ** 40 + 1)
  })

  const noIntents: ReadonlyArray<number> = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]
  for (const bits of noIntents) {
    it(`are not ${bits}`, () => {
      assert.isTrue(Either.isLeft(Intents.fromBits(bits)))
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(ModelSchema.Intents)(bits)))
    })
  }

  it("are read by name in any spelling, and a wrong name gets the nearest right one", () => {
    assert.deepStrictEqual(
      Intents.parse(["guilds", "GUILD_MESSAGES", "Message Content"]),
      Either.right(
        Intents.of("Guilds", "GuildMessages", "MessageContent")
      )
    )
    const wrong = Either.getLeft(Intents.parse(["GuildMesages"]))
    assert.include(String(wrong), "did you mean GuildMessages?")
  })
})
