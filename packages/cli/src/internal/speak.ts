/** Somebody on a simulated gateway, who says what the user of the command wants to be said. */
import * as Snowflake from "@vesper/model/Snowflake"
import * as Builder from "@vesper/testing/Builder"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as World from "@vesper/testing/World"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Between two messages: time enough to see an answer. */
const pace = "3 seconds"

/** A message in the first guild; where there is none, a direct one. */
const messageOf = ({ guilds: [guild] }: World.World, content: string, now: number) => {
  const place = guild === undefined ? { guild_id: undefined, member: undefined } : {
    guild_id: guild.id,
    channel_id: guild.channels.find(({ type }) => type === 0)?.id ?? guild.id,
    author: guild.members[0]?.user
  }
  return Builder.message({
    ...place,
    id: Snowflake.fromTimestamp(now),
    timestamp: new Date(now).toISOString(),
    edited_timestamp: null,
    content
  })
}

/** Says each of the texts, one after the other, again and again. */
export const speak = (
  simulator: GatewaySimulator.GatewaySimulator,
  world: World.World,
  texts: ReadonlyArray<string>
): Effect.Effect<never> =>
  texts.length === 0 ? Effect.never : Effect.forever(Effect.forEach(
    texts,
    (text) =>
      Effect.sleep(pace).pipe(
        Effect.zipRight(Clock.currentTimeMillis),
        Effect.flatMap((now) => simulator.dispatch(messageOf(world, text, now)))
      ),
    { discard: true }
  ))
