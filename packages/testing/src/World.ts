/**
 * A generated part of Discord: guilds with channels, roles, members, voice states and presences, and the events that
 * happen in them, in the documented shapes. The same seed generates the same guilds and the same events.
 *
 * @see https://docs.discord.com/developers/resources/guild
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Utils from "effect/Utils"
import type * as GatewaySimulator from "./GatewaySimulator.js"
import { Activity, Guilds } from "./internal/world/index.js"

/**
 * The body of a GUILD_CREATE of an available guild.
 *
 * @since 0.1.0
 * @category models
 */
export type Guild = Extract<Dispatch.DataOf<"GUILD_CREATE">, { readonly members: unknown }> & {
  readonly [field: string]: unknown
}

/**
 * Options of a generated world.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The seed of the generator. Default: 1. */
  readonly seed?: number | undefined
  /** The number of guilds. Default: 8. */
  readonly guilds?: number | undefined
  /** The number of members of each guild, without the bot. Default: 20. */
  readonly membersPerGuild?: number | undefined
}

/**
 * Guilds, and a source of events in them.
 *
 * @since 0.1.0
 * @category models
 */
export interface World {
  /** Bodies of GUILD_CREATE. A simulator adds its bot to the members of each guild. */
  readonly guilds: ReadonlyArray<Guild>
  /** Returns the next event, at a time in milliseconds since 1970; undefined without guilds. */
  readonly nextEvent: (now: number) => GatewaySimulator.Event | undefined
}

/**
 * A world without guilds.
 *
 * @since 0.1.0
 * @category constants
 */
export const empty: World = { guilds: [], nextEvent: () => undefined }

/**
 * Generates a world.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { World } from "@vesper/testing"
 *
 * const world = World.make({ seed: 7, guilds: 2, membersPerGuild: 5 })
 * assert.strictEqual(world.guilds.length, 2)
 * assert.deepStrictEqual(world.nextEvent(0), World.make({ seed: 7, guilds: 2, membersPerGuild: 5 }).nextEvent(0))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): World => {
  const random = new Utils.PCGRandom(options.seed ?? 1)
  const ids = Guilds.makeIds()
  const guilds = Array.from(
    { length: options.guilds ?? 8 },
    () => Guilds.makeGuild(random, ids, options.membersPerGuild ?? 20)
  )
  return { guilds, nextEvent: guilds.length === 0 ? empty.nextEvent : Activity.make(random, ids, guilds) }
}
