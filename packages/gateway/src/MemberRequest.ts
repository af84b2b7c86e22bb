/**
 * Members of a guild, asked for by `Shard.requestGuildMembers`.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
 * @since 0.1.0
 */
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Duration from "effect/Duration"

/**
 * Who is asked for, in the words of the wire: `query` is the beginning of a name and `""` means all, which needs the
 * intent GuildMembers; or `user_ids`, any number of them. `presences` needs the intent GuildPresences. The nonce is the
 * shard's own business.
 *
 * @example
 * ```ts
 * import { type MemberRequest, Shard } from "@vesper/gateway"
 * import { Effect, Stream } from "effect"
 *
 * const everybody: MemberRequest.MemberRequest = { guild_id: "290926798626357250", query: "", limit: 0 }
 *
 * export const logNames = Effect.flatMap(Shard.Shard, (shard) =>
 *   shard.requestGuildMembers(everybody).pipe(
 *     Stream.flatMap((chunk) => Stream.fromIterable(chunk.members)),
 *     Stream.runForEach((member) => Effect.log(member.user.username)),
 *     // Tells apart a missing intent, silence, and a session that ended half-way.
 *     Effect.catchTag("NoAnswerError", (error) => Effect.logWarning(error.message))
 *   ))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type MemberRequest = Omit<Command.RequestGuildMembers["d"], "nonce">

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest wait for the next chunk, the time without a connection not counted. Default: 30 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
}

/**
 * A part of the answer: at most a thousand members.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#guild-members-chunk
 * @since 0.1.0
 * @category models
 */
export type Chunk = Dispatch.DataOf<"GUILD_MEMBERS_CHUNK">

/**
 * The whole answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Members {
  readonly members: ReadonlyArray<Chunk["members"][number]>
  /** Empty unless they were asked for. */
  readonly presences: ReadonlyArray<NonNullable<Chunk["presences"]>[number]>
  /** The ids asked for that are no members. */
  readonly notFound: ReadonlyArray<string>
}
