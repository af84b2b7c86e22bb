/**
 * Groups of events that a shard requests: a set of named bits.
 *
 * @see https://docs.discord.com/developers/events/gateway#gateway-intents
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as BitSet from "./internal/bitSet.js"

/**
 * The set, as the number in IDENTIFY. Unknown bits are kept, because they may become intents. `ModelSchema.Intents` is its Schema.
 *
 * @since 0.1.0
 * @category models
 */
export type Intents = number & Brand.Brand<"@vesper/model/Intents">

const table = {
  Guilds: {
    bit: 0,
    isPrivileged: false,
    text: "guilds, their channels, threads, roles and stages; what nearly every bot needs"
  },
  GuildMembers: {
    bit: 1,
    isPrivileged: true,
    text: "members who join, leave or change, and the member list"
  },
  GuildModeration: {
    bit: 2,
    isPrivileged: false,
    text: "bans, and the audit log"
  },
  GuildExpressions: {
    bit: 3,
    isPrivileged: false,
    text: "emojis, stickers and soundboard sounds"
  },
  GuildIntegrations: {
    bit: 4,
    isPrivileged: false,
    text: "integrations"
  },
  GuildWebhooks: {
    bit: 5,
    isPrivileged: false,
    text: "webhooks"
  },
  GuildInvites: {
    bit: 6,
    isPrivileged: false,
    text: "invites"
  },
  GuildVoiceStates: {
    bit: 7,
    isPrivileged: false,
    text: "who is in which voice channel"
  },
  GuildPresences: {
    bit: 8,
    isPrivileged: true,
    text: "the status and activities of members"
  },
  GuildMessages: {
    bit: 9,
    isPrivileged: false,
    text: "messages in guilds; what they say only with MessageContent"
  },
  GuildMessageReactions: {
    bit: 10,
    isPrivileged: false,
    text: "reactions to messages in guilds"
  },
  GuildMessageTyping: {
    bit: 11,
    isPrivileged: false,
    text: "who types in guilds"
  },
  DirectMessages: {
    bit: 12,
    isPrivileged: false,
    text: "messages that are sent to the bot directly"
  },
  DirectMessageReactions: {
    bit: 13,
    isPrivileged: false,
    text: "reactions to direct messages"
  },
  DirectMessageTyping: {
    bit: 14,
    isPrivileged: false,
    text: "who types to the bot directly"
  },
  MessageContent: {
    bit: 15,
    isPrivileged: true,
    text: "content, embeds, attachments, components and polls of messages: without it they are " +
      "empty, but in messages that the bot sent, that mention it, or that were sent to it directly"
  },
  GuildScheduledEvents: {
    bit: 16,
    isPrivileged: false,
    text: "scheduled events, and who is interested in them"
  },
  AutoModerationConfiguration: {
    bit: 20,
    isPrivileged: false,
    text: "the rules of auto moderation"
  },
  AutoModerationExecution: {
    bit: 21,
    isPrivileged: false,
    text: "what auto moderation has done"
  },
  GuildMessagePolls: {
    bit: 24,
    isPrivileged: false,
    text: "votes in polls in guilds"
  },
  DirectMessagePolls: {
    bit: 25,
    isPrivileged: false,
    text: "votes in polls in direct messages"
  }
} as const

/**
 * The name of an intent.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = keyof typeof table

// Sets have bits and no sign, and no more of them than a number can hold.
const fromSet = (bits: bigint): Intents => Number(bits) as Intents

const set = BitSet.make<Intents, Name>(Record.map(table, ({ bit }) => bit), {
  toBits: BitSet.asNumber.toBits,
  fromBits: fromSet
})

/**
 * The names of all intents, in the order of their bits.
 *
 * @since 0.1.0
 * @category constants
 */
export const allNames: ReadonlyArray<Name> = set.allNames

/**
 * The intents that must be switched on in the developer portal.
 *
 * @see https://docs.discord.com/developers/events/gateway#privileged-intents
 * @since 0.1.0
 * @category constants
 */
export const privilegedNames: ReadonlyArray<Name> = allNames.filter((name) => table[name].isPrivileged)

/**
 * The page of the developer portal that enables an application's privileged intents.
 *
 * @since 0.1.0
 * @category constants
 */
export const developerPortal = "https://discord.com/developers/applications"

/**
 * Not a set of intents.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidIntents extends Data.TaggedError("InvalidIntents")<{
  readonly input: string
  readonly problem: string
}> {
  override get message(): string {
    return `"${this.input}" ${this.problem}`
  }
}

const isBits = (bits: number): bits is Intents => Number.isSafeInteger(bits) && bits >= 0

/**
 * The position of the intent's bit.
 *
 * @since 0.1.0
 * @category getters
 */
export const bit = (name: Name): number => table[name].bit

/**
 * Returns true if the intent must be enabled in the developer portal.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPrivileged = (name: Name): boolean => table[name].isPrivileged

/**
 * Describes the events of the intent in a few words.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = (name: Name): string => table[name].text

/**
 * The name in Discord's documentation: `GUILD_MESSAGES` for `GuildMessages`.
 *
 * @since 0.1.0
 * @category getters
 */
export const documentedName = (name: Name): string => name.replace(/(?!^)[A-Z]/g, "_$&").toUpperCase()

const switches: { readonly [N in Name]?: string } = {
  GuildMembers: "Server Members Intent",
  GuildPresences: "Presence Intent",
  MessageContent: "Message Content Intent"
}

/**
 * Returns the name of a privileged intent in the developer portal; none for other intents.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Intents } from "@vesper/model"
 * import { Option } from "effect"
 *
 * assert.deepStrictEqual(Intents.portalSwitch("GuildMembers"), Option.some("Server Members Intent"))
 * assert.deepStrictEqual(Intents.portalSwitch("Guilds"), Option.none())
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const portalSwitch = (name: Name): Option.Option<string> => Option.fromNullable(switches[name])

/**
 * A set from its number. Unknown bits are kept.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromBits = (bits: number): Either.Either<Intents, InvalidIntents> =>
  isBits(bits)
    ? Either.right(bits)
    : Either.left(
      new InvalidIntents({
        input: String(bits),
        problem: "is no set of intents; give a whole number from 0 to 2^53 - 1, or use Intents.of"
      })
    )

/**
 * The empty set: the gateway sends only events without an intent, such as interactions.
 *
 * @since 0.1.0
 * @category constants
 */
export const none: Intents = set.none

/**
 * Returns true if the set contains an intent.
 *
 * @since 0.1.0
 * @category getters
 */
export const has: {
  (name: Name): (self: Intents) => boolean
  (self: Intents, name: Name): boolean
} = set.has

/**
 * Adds an intent to the set.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Intents } from "@vesper/model"
 * import { pipe } from "effect"
 *
 * const intents = pipe(Intents.of("Guilds"), Intents.add("GuildMessages"), Intents.remove("Guilds"))
 * assert.deepStrictEqual(Intents.names(intents), ["GuildMessages"])
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const add: {
  (name: Name): (self: Intents) => Intents
  (self: Intents, name: Name): Intents
} = set.add

/**
 * Removes an intent from the set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remove: {
  (name: Name): (self: Intents) => Intents
  (self: Intents, name: Name): Intents
} = set.remove

/**
 * A set of the named intents.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Intents } from "@vesper/model"
 *
 * const intents = Intents.of("Guilds", "GuildMessages", "MessageContent")
 * assert.strictEqual(intents, 33281)
 * assert.deepStrictEqual(Intents.privileged(intents), ["MessageContent"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of: (...names: ReadonlyArray<Name>) => Intents = set.of

/**
 * Every intent, the privileged ones too.
 *
 * @since 0.1.0
 * @category constants
 */
export const all: Intents = set.all

/**
 * Every intent that needs no switch in the developer portal.
 *
 * @since 0.1.0
 * @category constants
 */
export const nonPrivileged: Intents = of(...allNames.filter((name) => !table[name].isPrivileged))

/**
 * The positions of the unknown bits.
 *
 * @since 0.1.0
 * @category getters
 */
export const unknownBits: (self: Intents) => ReadonlyArray<number> = set.unknownBits

/**
 * The names of the set's intents, in the order of their bits.
 *
 * @since 0.1.0
 * @category getters
 */
export const names: (self: Intents) => ReadonlyArray<Name> = set.names

/**
 * The names of the set's privileged intents.
 *
 * @since 0.1.0
 * @category getters
 */
export const privileged = (self: Intents): ReadonlyArray<Name> => privilegedNames.filter((name) => has(self, name))

/**
 * Unites two sets, with their unknown bits.
 *
 * @since 0.1.0
 * @category combinators
 */
export const union: {
  (that: Intents): (self: Intents) => Intents
  (self: Intents, that: Intents): Intents
} = set.union

const normalise = (name: string): string => name.replace(/[^a-z]/gi, "").toLowerCase()

const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const nearest = (name: string): Name =>
  allNames.reduce((best, candidate) =>
    editDistance(normalise(name), normalise(candidate)) < editDistance(normalise(name), normalise(best))
      ? candidate
      : best
  )

/**
 * A set from names as people write them: `GuildMessages`, `GUILD_MESSAGES` and `guild-messages` are the same.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (names: ReadonlyArray<string>): Either.Either<Intents, InvalidIntents> => {
  let intents = none
  for (const given of names) {
    const name = allNames.find((name) => normalise(name) === normalise(given))
    if (name === undefined) {
      return Either.left(
        new InvalidIntents({ input: given, problem: `is no intent; did you mean ${nearest(given)}?` })
      )
    }
    intents = add(intents, name)
  }
  return Either.right(intents)
}
