/** Random histories of guilds, as events in the order in which Discord sends them. */
import type * as World from "@vesper/testing/World"
import * as FastCheck from "effect/FastCheck"

/** One step, which the story makes possible: numbers select a guild and entities. */
export interface Step {
  readonly kind: number
  readonly guild: number
  readonly pick: number
  readonly other: number
  readonly bits: bigint
}

export interface StoryEvent {
  readonly t: string
  readonly d: Readonly<Record<string, unknown>>
  readonly guildId: string
}

/** Permissions without Administrator, and with it in one of eight. */
const bits = FastCheck.tuple(
  FastCheck.bigInt({ min: 0n, max: (1n << 53n) - 1n }),
  FastCheck.integer({ min: 0, max: 7 })
)
  .map(([all, chance]) => chance === 0 ? all | 8n : all & ~8n)

export const step: FastCheck.Arbitrary<Step> = FastCheck.record({
  kind: FastCheck.integer({ min: 0, max: 13 }),
  guild: FastCheck.nat(100),
  pick: FastCheck.nat(1_000),
  other: FastCheck.nat(1_000),
  bits
})

/** The ids of a guild, with the bodies that updates repeat. */
interface Chapter {
  readonly id: string
  readonly body: Record<string, unknown>
  readonly roles: Map<string, Record<string, unknown>>
  readonly channels: Map<string, Record<string, unknown>>
  readonly threads: Map<string, Record<string, unknown>>
  readonly members: Map<string, Record<string, unknown>>
}

const at = <A>(from: Iterable<A>, index: number): A | undefined => {
  const all = Array.from(from)
  return all[index % Math.max(1, all.length)]
}

const record = (value: object): Record<string, unknown> => ({ ...value })

const byId = (entities: ReadonlyArray<object & { readonly id: string }>) =>
  new Map(entities.map((entity) => [entity.id, record(entity)]))

const toChapter = (guild: World.Guild): Chapter => ({
  id: guild.id,
  body: record(guild),
  roles: byId(guild.roles),
  channels: byId(guild.channels),
  threads: new Map(),
  members: new Map(guild.members.map((member) => [member.user.id, record(member)]))
})

const withoutLists = ({ id, name, owner_id }: Record<string, unknown>, roles: Iterable<object>) => ({
  id,
  name,
  owner_id,
  roles: Array.from(roles),
  emojis: [],
  stickers: [],
  features: []
})

/** Makes steps possible in guilds, and returns their events. */
export const make = (guilds: ReadonlyArray<World.Guild>) => {
  const chapters = guilds.map(toChapter)
  let ids = 1_600_000_000_000_000_000n
  const nextId = () => String(ids += 4_194_305n)

  const overwrites = (chapter: Chapter, { bits, other, pick }: Step) => {
    const deny = String((bits >> 3n) & ~8n)
    const allow = String(bits & ~8n & ~BigInt(deny))
    return [
      { id: chapter.id, type: 0, allow, deny },
      { id: at(chapter.roles.keys(), pick), type: 0, allow: String(BigInt(deny) >> 5n & ~8n), deny: allow },
      { id: at(chapter.members.keys(), other), type: 1, allow: "2048", deny: String(bits & 0x400n) }
    ].filter((overwrite, index, all) => all.findIndex(({ id }) => id === overwrite.id) === index)
  }

  const tell = (chapter: Chapter, step: Step): StoryEvent | undefined => {
    const { body, channels, id, members, roles, threads } = chapter
    const { bits, kind, other, pick } = step
    const event = (t: string, d: Record<string, unknown>): StoryEvent => ({ t, d, guildId: id })
    const role = at(roles.values(), pick)
    const channel = at(channels.values(), pick)
    const thread = at(threads.values(), pick)
    const member = at(members.values(), pick)
    const put = <A extends Record<string, unknown>>(
      map: Map<string, Record<string, unknown>>,
      key: string,
      entity: A
    ) => {
      map.set(key, entity)
      return entity
    }
    switch (kind) {
      case 0:
      case 1: {
        const roleId = kind === 0 ? nextId() : String(role?.["id"])
        const entity = { ...role, id: roleId, permissions: String(bits) }
        put(roles, roleId, entity)
        return event(kind === 0 ? "GUILD_ROLE_CREATE" : "GUILD_ROLE_UPDATE", { guild_id: id, role: entity })
      }
      case 2: {
        const removed = String(role?.["id"])
        if (removed === id) {
          return undefined
        }
        roles.delete(removed)
        return event("GUILD_ROLE_DELETE", { guild_id: id, role_id: removed })
      }
      case 3: {
        const entity = { ...channel, id: nextId(), guild_id: id, permission_overwrites: overwrites(chapter, step) }
        return event("CHANNEL_CREATE", put(channels, entity.id, entity))
      }
      case 4:
      case 5: {
        const entity = { ...channel, guild_id: id, permission_overwrites: overwrites(chapter, step) }
        return event("CHANNEL_UPDATE", put(channels, String(channel?.["id"]), entity))
      }
      case 6: {
        if (channels.size < 3) {
          return undefined
        }
        channels.delete(String(channel?.["id"]))
        Array.from(threads).forEach(([key, { parent_id }]) => parent_id === channel?.["id"] && threads.delete(key))
        return event("CHANNEL_DELETE", { ...channel, guild_id: id })
      }
      case 7: {
        if (channel?.["type"] !== 0) {
          return undefined
        }
        const entity = {
          id: nextId(),
          guild_id: id,
          type: 11,
          name: "thread",
          parent_id: channel?.["id"],
          owner_id: "1",
          member_count: 1,
          message_count: 1,
          thread_metadata: {
            archived: false,
            locked: false,
            auto_archive_duration: 60,
            archive_timestamp: "2020-01-01"
          }
        }
        return event("THREAD_CREATE", put(threads, entity.id, entity))
      }
      case 8: {
        if (thread === undefined) {
          return undefined
        }
        threads.delete(String(thread["id"]))
        return event("THREAD_DELETE", { id: thread["id"], guild_id: id, parent_id: thread["parent_id"], type: 11 })
      }
      case 9: {
        const entity = { ...member, user: { ...record(member?.["user"] ?? {}), id: nextId() }, roles: [] }
        put(members, entity.user.id, entity)
        return event("GUILD_MEMBER_ADD", { ...entity, guild_id: id })
      }
      case 10:
      case 11: {
        const chosen = Array.from(roles.keys()).filter((key, index) => key !== id && (other >> index) % 2 === 1)
        const entity = { ...member, nick: kind === 10 ? "nick" : null, roles: chosen }
        put(members, String(record(member?.["user"] ?? {})["id"]), entity)
        return event("GUILD_MEMBER_UPDATE", { ...entity, guild_id: id })
      }
      case 12: {
        const user = record(member?.["user"] ?? {})
        if (members.size < 3 || user["id"] === body["owner_id"]) {
          return undefined
        }
        members.delete(String(user["id"]))
        return event("GUILD_MEMBER_REMOVE", { guild_id: id, user })
      }
      default: {
        body["owner_id"] = record(member?.["user"] ?? {})["id"]
        return event("GUILD_UPDATE", withoutLists(body, roles.values()))
      }
    }
  }

  return (step: Step): ReadonlyArray<StoryEvent> => {
    const chapter = at(chapters, step.guild)
    const told = chapter && tell(chapter, step)
    return told === undefined ? [] : [structuredClone(told)]
  }
}
