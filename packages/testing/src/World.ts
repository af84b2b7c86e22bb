/**
 * A made-up corner of Discord: guilds with channels, roles, members, voice states and presences, and what goes on in
 * them, in the shapes of Discord's documentation. The same seed gives the same world and the same events.
 *
 * @see https://docs.discord.com/developers/resources/guild
 * @since 0.1.0
 */
import * as Utils from "effect/Utils"
import type * as GatewaySimulator from "./GatewaySimulator.js"
import * as Objects from "./internal/objects.js"
import * as Happenings from "./internal/happenings.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: 1. */
  readonly seed?: number | undefined
  /** How many guilds. Default: 8. */
  readonly guilds?: number | undefined
  /** How many members each guild has. Default: 20. */
  readonly membersPerGuild?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface World {
  /** Bodies of GUILD_CREATE. */
  readonly guilds: ReadonlyArray<Objects.Guild>
  /** The next thing that happens, at a time in milliseconds since 1970; none where nobody lives. */
  readonly nextEvent: (now: number) => GatewaySimulator.Event | undefined
}

/**
 * Nobody lives here.
 *
 * @since 0.1.0
 * @category constants
 */
export const empty: World = { guilds: [], nextEvent: () => undefined }

/**
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
  const ids = Objects.makeIds()
  const guilds = Array.from(
    { length: options.guilds ?? 8 },
    () => Objects.makeGuild(random, ids, options.membersPerGuild ?? 20)
  )
  return { guilds, nextEvent: guilds.length === 0 ? empty.nextEvent : Happenings.make(random, ids, guilds) }
}
