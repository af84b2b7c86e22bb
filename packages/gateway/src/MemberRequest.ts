/**
 * Types of `Shard.requestGuildMembers`.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
 * @since 0.1.0
 */
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Duration from "effect/Duration"

/**
 * A request for members of a guild, with the field names of the protocol. `query` is the beginning of a name; an empty one
 * needs the intent GuildMembers with any limit. `user_ids` may contain any number of ids, which are sent in requests of a
 * hundred. `presences` needs the intent GuildPresences. The shard sets the nonce.
 *
 * @example
 * ```ts
 * import { type MemberRequest, Shard } from "@vesper/gateway"
 * import { Effect, Stream } from "effect"
 *
 * const allMembers: MemberRequest.MemberRequest = { guild_id: "290926798626357250", query: "", limit: 0 }
 *
 * export const logNames = Effect.flatMap(Shard.Shard, (shard) =>
 *   shard.requestGuildMembers(allMembers).pipe(
 *     Stream.flatMap((chunk) => Stream.fromIterable(chunk.members)),
 *     Stream.runForEach((member) => Effect.log(member.user.username)),
 *     // A missing intent, no answer, a rate limit, or an ended session.
 *     Effect.catchTag("NoAnswerError", (error) => Effect.logWarning(error.message))
 *   ))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type MemberRequest = Omit<Command.RequestGuildMembers["d"], "nonce">

/**
 * Options of a request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest wait for the next chunk, excluding the time without a connection. Default: 30 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
}

/**
 * A chunk of an answer, with at most a thousand members.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#guild-members-chunk
 * @since 0.1.0
 * @category models
 */
export type Chunk = Dispatch.DataOf<"GUILD_MEMBERS_CHUNK">

/**
 * All chunks of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Members {
  readonly members: ReadonlyArray<Chunk["members"][number]>
  /** Empty unless the request has `presences`. */
  readonly presences: ReadonlyArray<NonNullable<Chunk["presences"]>[number]>
  /** Requested ids that do not belong to a member. */
  readonly notFound: ReadonlyArray<string>
}
