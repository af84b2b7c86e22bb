/** A guild whose channels have topics, and a bot with a part of the features in it. */
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Intents, Opcode } from "@vesper/model"
import type { GuildState } from "@vesper/state"
import { Builder, Expect, GatewaySimulator, World } from "@vesper/testing"
import { Effect, Layer, Redacted, TestClock } from "effect"
import * as Topics from "../src/Topics.js"

const generated = World.make({ guilds: 1, membersPerGuild: 3 })
const [first] = generated.guilds

export const guildId = first?.id ?? ""
export const member = first?.members[0]?.user.id ?? ""
export const other = first?.members[1]?.user.id ?? ""
export const [channel = "", plainChannel = ""] = first?.channels.filter(({ type }) => type === 0).map(({ id }) => id) ??
  []

/** Runs a bot with the feature in a guild whose first text channel has the topic. */
export const run = <A, E, E2>(
  topic: string,
  feature: Layer.Layer<never, E2, Rest.Rest | Events.Registry | GuildState.GuildState>,
  test: (simulator: GatewaySimulator.GatewaySimulator) => Effect.Effect<A, E>
) => {
  const world: World.World = {
    ...generated,
    guilds: generated.guilds.map((guild) => ({
      ...guild,
      channels: guild.channels.map((it) => it.id === channel ? { ...it, topic } : it)
    }))
  }
  const bot = Events.assemble(feature.pipe(Layer.provide(Topics.layer)), { privileged: ["MessageContent"] })
  return Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    yield* Effect.forkScoped(bot)
    yield* Expect.expectCommand(simulator, Opcode.Identify)
    yield* TestClock.adjust(0)
    const result = yield* test(simulator)
    const violations = yield* simulator.violations
    return violations.length === 0 ? result : yield* Effect.dieMessage(JSON.stringify(violations))
  }).pipe(
    Effect.provide(
      Rest.layer({ token: Redacted.make("any-token") }).pipe(
        Layer.provide(GatewaySimulator.layerHttpClient),
        Layer.provideMerge(GatewaySimulator.layerShard({ intents: Intents.none }, { world }))
      )
    )
  )
}

/** A message of the member. */
export const say = (fields: Parameters<typeof Builder.message>[0]) =>
  Builder.message({
    id: "1300000000000000000",
    channel_id: channel,
    guild_id: guildId,
    author: { id: member, username: "ada" },
    ...fields
  })
