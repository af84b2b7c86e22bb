import { assert, describe, it } from "@effect/vitest"
import * as ModelSchema from "../src/ModelSchema.js"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as Flags from "../src/Flags.js"
import * as Permissions from "../src/Permissions.js"

const message = Flags.Message

const flags = FastCheck.maxSafeNat()

const permissions = FastCheck.bigInt({ min: 0n, max: 2n ** 100n })
  .map((bits) => Either.getOrThrow(Permissions.fromBits(bits)))

describe("flags", () => {
  it("are known by name", () => {
    assert.strictEqual(message.of("Crossposted", "Ephemeral"), 65)
    assert.deepStrictEqual(message.names(65), ["Crossposted", "Ephemeral"])
    assert.strictEqual(message.none, 0)
  })

  it("keep bits that stand for nothing, also those over 2^32", () => {
    FastCheck.assert(FastCheck.property(flags, FastCheck.constantFrom(...message.allNames), (bits, name) => {
      assert.isTrue(message.has(message.add(bits, name), name))
      assert.isFalse(message.has(message.remove(bits, name), name))
      assert.strictEqual(message.has(bits, name) ? message.add(message.remove(bits, name), name) : bits, bits)
    }))
    assert.deepStrictEqual(message.unknownBits(2 ** 52 + 64), [52])
  })

  it("are their names and their unknown bits, and nothing else", () => {
    FastCheck.assert(FastCheck.property(flags, (bits) => {
      const unknown = message.unknownBits(bits).reduce((sum, bit) => sum + 2 ** bit, 0)
      assert.strictEqual(message.of(...message.names(bits)) + unknown, bits)
    }))
  })
})

describe("permissions", () => {
  it("come and go as decimal strings, without losing a bit over 2^53", () => {
    FastCheck.assert(FastCheck.property(permissions, (self) => {
      const text = Permissions.toString(self)
      assert.strictEqual(Schema.decodeSync(ModelSchema.Permissions)(text), self)
      assert.strictEqual(Schema.encodeSync(ModelSchema.Permissions)(self), text)
    }))
  })

  it("are their names and their unknown bits, and nothing else", () => {
    FastCheck.assert(FastCheck.property(permissions, (self) => {
      const unknown = Permissions.unknownBits(self).reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n)
      assert.strictEqual(Permissions.of(...Permissions.names(self)) | unknown, self)
    }))
  })

  it("allow an administrator everything", () => {
    assert.isTrue(Permissions.allows(Permissions.of("Administrator"), "BanMembers"))
    assert.isFalse(Permissions.has(Permissions.of("Administrator"), "BanMembers"))
    assert.isFalse(Permissions.allows(Permissions.of("KickMembers"), "BanMembers"))
  })

  it("are no text and no negative number", () => {
    for (const text of ["", "-1", "1.5", "0x10", "all", "1".repeat(1000)]) {
      assert.isTrue(Either.isLeft(Permissions.fromString(text)), text)
    }
    assert.isTrue(Either.isLeft(Permissions.fromBits(-1n)))
    assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(ModelSchema.Permissions)("x")))
  })
})
