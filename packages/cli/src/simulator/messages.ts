/** Messages of `--say`, from a member of a simulated guild. */
import * as Snowflake from "@vesper/model/Snowflake"
import * as Builder from "@vesper/testing/Builder"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as World from "@vesper/testing/World"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Between two messages, so that an answer can be seen. */
const interval = "3 seconds"

/** A message in the first guild. Without guilds, a direct message. */
const makeMessage = ({ guilds: [guild] }: World.World, content: string, now: number) => {
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

/** Sends the texts in turn, repeatedly. */
export const sendMessages = (
  simulator: GatewaySimulator.GatewaySimulator,
  world: World.World,
  texts: ReadonlyArray<string>
): Effect.Effect<never> =>
  texts.length === 0 ? Effect.never : Effect.forever(Effect.forEach(
    texts,
    (text) =>
      Effect.sleep(interval).pipe(
        Effect.zipRight(Clock.currentTimeMillis),
        Effect.flatMap((now) => simulator.dispatch(makeMessage(world, text, now)))
      ),
    { discard: true }
  ))
