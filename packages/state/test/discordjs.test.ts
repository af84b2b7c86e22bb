/** The same events are applied to discord.js and to the state, and both compute the permissions of every member. */
import { assert, describe, it } from "@effect/vitest"
import * as Dispatch from "@vesper/model/Dispatch"
import * as Permissions from "@vesper/model/Permissions"
import * as World from "@vesper/testing/World"
import { Client, PermissionsBitField } from "discord.js"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as GuildState from "../src/GuildState.js"
import * as GuildStore from "../src/GuildStore.js"
import * as PermissionRules from "../src/PermissionRules.js"
import * as Applier from "../src/internal/state/applier.js"
import * as Story from "./story.js"

/** The part of discord.js's manager of websockets that receives packets. It is not part of its types. */
interface PacketReceiver {
  status: number
  readonly handlePacket: (packet: { readonly t: string; readonly d: unknown }, shard: { readonly id: number }) => void
}

const makeClient = () => {
  const client = new Client({ intents: [] })
  const receiver = client.ws as unknown as PacketReceiver
  // Ready: events after the guilds are handled at once.
  receiver.status = 0
  // It changes the bodies that it receives.
  return { client, receive: (t: string, d: unknown) => receiver.handlePacket({ t, d: structuredClone(d) }, { id: 0 }) }
}

/** The permissions that both know. */
const known = Permissions.all & PermissionsBitField.All

const kinds: ReadonlyArray<GuildStore.Kind> = ["channels", "threads", "roles", "members"]

const makeState = Effect.gen(function*() {
  const store = yield* GuildStore.makeMemory
  const bounds = { guilds: 100, lists: new Map() }
  const { apply } = Applier.make(store, { guilds: true, kinds: new Set(kinds) }, bounds, new Set())
  const { state } = yield* Effect.provideService(
    GuildState.make({ guilds: true, channels: true, threads: true, roles: true, members: true }),
    GuildStore.GuildStore,
    store
  )
  return {
    state,
    receive: (t: string, d: unknown) => Effect.runSync(apply(Dispatch.fromPayload({ op: 0, t, s: 1, d })))
  }
})

/** Compares all members in the guild, in each channel and in each thread. Returns the number of comparisons. */
const compare = (client: Client, state: GuildState.GuildState, guildId: string) =>
  Effect.gen(function*() {
    let compared = 0
    const guild = yield* Effect.flatten(state.guild(guildId))
    const roles = new Map((yield* state.roles(guildId)).map((role) => [role.id, role]))
    const rules = { id: guildId, ownerId: guild.owner_id, roles }
    const theirs = client.guilds.cache.get(guildId)
    const members = yield* state.members(guildId)
    assert.sameMembers(members.map(({ user }) => user.id), Array.from(theirs?.members.cache.keys() ?? []))
    assert.sameMembers(Array.from(roles.keys()), Array.from(theirs?.roles.cache.keys() ?? []))
    for (const member of members) {
      const other = theirs?.members.cache.get(member.user.id)
      const inGuild = Option.getOrThrow(yield* state.permissions(guildId, member.user.id))
      for (const name of Permissions.allNames.filter((name) => Permissions.has(Permissions.all, name))) {
        if ((Permissions.of(name) & known) !== 0n) {
          assert.strictEqual(Permissions.allows(inGuild, name), other?.permissions.has(Permissions.of(name)), name)
        }
      }
      for (const channel of yield* state.channels(guildId)) {
        const explicit = PermissionRules.explicitInChannel(
          rules,
          {
            type: channel.type,
            permission_overwrites: "permission_overwrites" in channel ? channel.permission_overwrites : []
          },
          member
        )
        const expected = theirs?.channels.cache.get(channel.id)?.permissionsFor(member.user.id)?.bitfield ?? -1n
        assert.strictEqual(explicit & known, expected & known)
        const effective = Option.getOrThrow(yield* state.permissionsIn(guildId, channel.id, member))
        assert.strictEqual(effective & ~explicit, 0n, "implicit rules only remove permissions")
        if (
          ["ViewChannel", "SendMessages", "Connect"].every((name) =>
            Permissions.has(explicit, name as Permissions.Name)
          )
        ) {
          assert.strictEqual(effective, explicit)
        }
        compared++
      }
      for (const thread of yield* state.threads(guildId)) {
        const expected = theirs?.channels.cache.get(thread.id)?.permissionsFor(member.user.id)?.bitfield ?? -1n
        const effective = Option.getOrThrow(yield* state.permissionsIn(guildId, thread.id, member.user.id))
        assert.strictEqual(effective & ~expected & known, 0n)
        compared++
      }
    }
    return compared
  })

describe("permissions", () => {
  it("are those of discord.js on the same events, before implicit rules", () => {
    let compared = 0
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1, max: 1_000 }),
        FastCheck.array(Story.step, { minLength: 5, maxLength: 40 }),
        (seed, steps) => {
          const { guilds } = World.make({ seed, guilds: 2, membersPerGuild: 4 })
          const { client, receive } = makeClient()
          const { receive: apply, state } = Effect.runSync(makeState)
          const deliver = ({ d, t }: Pick<Story.StoryEvent, "d" | "t">) => {
            receive(t, d)
            apply(t, d)
          }
          guilds.forEach((guild) => deliver({ t: "GUILD_CREATE", d: guild }))
          steps.flatMap(Story.make(guilds)).forEach(deliver)
          guilds.forEach(({ id }) => {
            compared += Effect.runSync(compare(client, state, id))
          })
          void client.destroy()
        }
      ),
      { numRuns: 40, seed: 7 }
    )
    assert.isAbove(compared, 2_000)
  }, 120_000)
})
