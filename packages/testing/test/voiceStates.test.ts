/** The voice states of the world follow its members, channels and guilds. */
import { assert, describe, it } from "@effect/vitest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as Bot from "../src/internal/world/bot.js"
import type * as World from "../src/World.js"
import { connect, identifyBody } from "./client.js"
import { layer, place, request, world } from "./restClient.js"

const guild = place.guild
const [inVoice] = world.guilds[0]?.voice_states ?? []
const user = inVoice?.user_id ?? ""
const channel = inVoice?.channel_id ?? ""
const other = world.guilds[0]?.channels.find(({ id, type }) => type === 2 && id !== channel)?.id ?? ""
const body = (d: object) => ({ guildId: guild, d: { guild_id: guild, ...d } })

/** The guilds that a new session receives. */
const receiveGuilds = Effect.gen(function*() {
  yield* TestClock.adjust("5 seconds")
  const client = yield* connect()
  yield* client.send(2, identifyBody({ intents: Intents.all }))
  // The bodies are the simulator's own.
  return client.received().filter(({ t }) => t === "GUILD_CREATE").map(({ d }) => d as World.Guild)
})

const dispatch = (event: GatewaySimulator.Event) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) => simulator.dispatch(event))

const join = Effect.gen(function*() {
  const client = yield* connect()
  yield* client.send(2, identifyBody({ intents: Intents.all }))
  yield* client.send(4, { guild_id: guild, channel_id: channel, self_mute: false, self_deaf: false })
  return client
})

type Change = Effect.Effect<unknown, unknown, GatewaySimulator.GatewaySimulator | HttpClient.HttpClient>

/** Changes of the world, with the voice states that remain: the channels by user. */
const changes: ReadonlyArray<readonly [what: string, change: Change, voice: Readonly<Record<string, string>>]> = [
  ["the member is removed", dispatch({ t: "GUILD_MEMBER_REMOVE", ...body({ user: { id: user } }) }), {
    [Bot.id]: channel
  }],
  ["the member is kicked", request(`DELETE /guilds/${guild}/members/${user}`), { [Bot.id]: channel }],
  ["the member is banned", request(`PUT /guilds/${guild}/bans/${user}`), { [Bot.id]: channel }],
  ["members are banned", request(`POST /guilds/${guild}/bulk-ban`, { user_ids: [user] }), { [Bot.id]: channel }],
  ["the bot is removed", dispatch({ t: "GUILD_MEMBER_REMOVE", ...body({ user: { id: Bot.id } }) }), {
    [user]: channel
  }],
  ["the channel is deleted", request(`DELETE /channels/${channel}`), {}],
  ["another channel is deleted", request(`DELETE /channels/${other}`), { [user]: channel, [Bot.id]: channel }],
  ["the member moves", dispatch({ t: "VOICE_STATE_UPDATE", ...body({ user_id: user, channel_id: other }) }), {
    [user]: other,
    [Bot.id]: channel
  }],
  ["the member leaves", dispatch({ t: "VOICE_STATE_UPDATE", ...body({ user_id: user, channel_id: null }) }), {
    [Bot.id]: channel
  }]
]

describe("voice states", () => {
  for (const [what, change, voice] of changes) {
    it.scoped(`are those of members in channels after ${what}`, () =>
      Effect.gen(function*() {
        yield* join
        yield* change
        const [received] = yield* receiveGuilds
        const { members = [], presences = [], voice_states: states = [] } = received ?? {}
        assert.deepStrictEqual(Object.fromEntries(states.map((state) => [state.user_id, state.channel_id])), voice)
        const ids = members.map((member) => member.user.id)
        assert.includeMembers(ids, [...states.map((state) => state.user_id), ...presences.map((one) => one.user.id)])
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("end with the guild, and remain in an outage", () =>
    Effect.gen(function*() {
      yield* join
      yield* dispatch(Builder.event("GUILD_DELETE", { id: guild, unavailable: true }))
      assert.deepStrictEqual((yield* receiveGuilds).map(({ id }) => id), world.guilds.map(({ id }) => id))
      yield* dispatch(Builder.event("GUILD_DELETE", { id: guild, unavailable: undefined }))
      assert.deepStrictEqual((yield* receiveGuilds).map(({ id }) => id), world.guilds.slice(1).map(({ id }) => id))
    }).pipe(Effect.provide(layer())))
})
