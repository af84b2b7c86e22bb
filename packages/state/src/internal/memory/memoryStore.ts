import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as GuildStore from "../../GuildStore.js"

type StoredGuild = Partial<GuildStore.Guild> & { readonly id: string }

type Entity = GuildStore.Entities[GuildStore.Kind]

/** The lists of one kind. Guilds and entities are in the order of their last write. */
class Lists {
  size = 0
  readonly byGuild = new Map<string, Map<string, Entity>>()
  /** True if a guild has all of its entities or none. */
  readonly isWhole: boolean

  constructor(kind: GuildStore.Kind) {
    this.isWhole = kind === "channels" || kind === "roles"
  }

  put(guildId: string, entries: GuildStore.Entries, merges: boolean): void {
    const list = this.byGuild.get(guildId) ?? new Map<string, Entity>()
    this.byGuild.delete(guildId)
    const before = list.size
    for (const [id, entity] of entries) {
      const earlier = merges ? list.get(id) : undefined
      list.delete(id)
      list.set(id, earlier === undefined ? entity : Object.assign({}, earlier, entity))
    }
    this.size += list.size - before
    if (list.size > 0) {
      this.byGuild.set(guildId, list)
    }
  }

  remove(guildId: string, ids: Iterable<string>): void {
    const list = this.byGuild.get(guildId)
    if (list === undefined) {
      return
    }
    for (const id of ids) {
      this.size -= list.delete(id) ? 1 : 0
    }
    if (list.size === 0) {
      this.byGuild.delete(guildId)
    }
  }

  removeGuild(guildId: string): void {
    this.size -= this.byGuild.get(guildId)?.size ?? 0
    this.byGuild.delete(guildId)
  }

  enforce(guildId: string, { capacity, perGuild }: { readonly capacity: number; readonly perGuild: number }): void {
    const list = this.byGuild.get(guildId)
    if (list !== undefined && list.size > perGuild) {
      this.remove(guildId, Array.from(list.keys()).slice(0, list.size - perGuild))
    }
    for (const [oldest, { size }] of this.byGuild) {
      if (this.size <= capacity) {
        return
      }
      if (this.isWhole || size <= this.size - capacity) {
        this.removeGuild(oldest)
      } else {
        this.remove(oldest, this.oldestOf(oldest, this.size - capacity))
      }
    }
  }

  private oldestOf(guildId: string, count: number): ReadonlyArray<string> {
    const ids: Array<string> = []
    for (const id of this.byGuild.get(guildId)?.keys() ?? []) {
      if (ids.push(id) === count) {
        break
      }
    }
    return ids
  }
}

class MemoryStore implements GuildStore.GuildStore {
  private readonly guilds = new Map<string, StoredGuild>()
  private readonly lists: { readonly [K in GuildStore.Kind]: Lists } = {
    channels: new Lists("channels"),
    threads: new Lists("threads"),
    roles: new Lists("roles"),
    members: new Lists("members"),
    voiceStates: new Lists("voiceStates")
  }

  readonly unsafeWrite = (changes: ReadonlyArray<GuildStore.Change>, bounds: GuildStore.Bounds): void => {
    for (const change of changes) {
      this.apply(change, bounds)
    }
  }

  readonly write = (changes: ReadonlyArray<GuildStore.Change>, bounds: GuildStore.Bounds): Effect.Effect<void> =>
    Effect.sync(() => this.unsafeWrite(changes, bounds))

  readonly guildIds = Effect.sync(() => Array.from(this.guilds.keys()))

  readonly guild = (id: string) => Effect.sync(() => Option.fromNullable(this.guilds.get(id)))

  readonly get = <K extends GuildStore.Kind>(kind: K, guildId: string, id: string) =>
    Effect.sync(() => Option.fromNullable(this.findEntries(kind, guildId)?.get(id)))

  readonly list = <K extends GuildStore.Kind>(kind: K, guildId: string) =>
    Effect.sync(() => new Map(this.findEntries(kind, guildId)))

  readonly size = (kind: GuildStore.Kind) => Effect.sync(() => this.lists[kind].size)

  private findEntries<K extends GuildStore.Kind>(kind: K, guildId: string) {
    // A list holds the entities of its kind alone.
    return this.lists[kind].byGuild.get(guildId) as ReadonlyMap<string, GuildStore.Entities[K]> | undefined
  }

  private apply(change: GuildStore.Change, bounds: GuildStore.Bounds): void {
    switch (change._tag) {
      case "SetGuild":
        return this.setGuild(change.guild, change.lists, bounds)
      case "RemoveGuild":
        return this.removeGuild(change.guildId)
      case "RetainGuilds":
        for (const id of Array.from(this.guilds.keys())) {
          if (ShardId.shardOf(id, change.shard.total) === change.shard.id && !change.guildIds.has(id)) {
            this.removeGuild(id)
          }
        }
        return
      default:
        if (this.guilds.has(change.guildId)) {
          this.applyInGuild(change, bounds)
        }
    }
  }

  private applyInGuild(
    change: Exclude<GuildStore.Change, { readonly _tag: "SetGuild" | "RemoveGuild" | "RetainGuilds" }>,
    bounds: GuildStore.Bounds
  ): void {
    const { guildId } = change
    switch (change._tag) {
      case "UpdateGuild":
        this.guilds.set(guildId, { ...this.guilds.get(guildId), ...change.fields, id: guildId })
        return
      case "Put": {
        const { entries, kind, merges } = change
        if (kind !== "roles" || this.lists.roles.byGuild.has(guildId)) {
          this.put(guildId, kind, entries, merges, bounds)
        }
        return
      }
      case "Remove":
        return this.lists[change.kind].remove(guildId, change.ids)
      case "RemoveThreads":
        return this.removeThreads(guildId, change.parents)
      case "RemoveRole":
        return this.removeRole(guildId, change.roleId)
    }
  }

  private setGuild(
    guild: StoredGuild,
    lists: ReadonlyMap<GuildStore.Kind, GuildStore.Entries>,
    bounds: GuildStore.Bounds
  ) {
    this.removeGuild(guild.id)
    this.guilds.set(guild.id, guild)
    lists.forEach((entries, kind) => this.put(guild.id, kind, entries, false, bounds))
    for (const oldest of this.guilds.keys()) {
      if (this.guilds.size <= bounds.guilds) {
        return
      }
      this.removeGuild(oldest)
    }
  }

  private put(
    guildId: string,
    kind: GuildStore.Kind,
    entries: GuildStore.Entries,
    merges: boolean,
    bounds: GuildStore.Bounds
  ): void {
    const lists = this.lists[kind]
    lists.put(guildId, entries, merges)
    const bound = bounds.lists.get(kind)
    if (bound !== undefined) {
      lists.enforce(guildId, bound)
    }
  }

  private removeGuild(guildId: string): void {
    this.guilds.delete(guildId)
    Object.values(this.lists).forEach((lists) => lists.removeGuild(guildId))
  }

  private removeThreads(guildId: string, parents: Option.Option<ReadonlyArray<string>>): void {
    const threads = Array.from(this.findEntries("threads", guildId) ?? [])
    const isRemoved = (parent: string | null | undefined) =>
      Option.match(parents, { onNone: () => true, onSome: (ids) => typeof parent === "string" && ids.includes(parent) })
    this.lists.threads.remove(guildId, threads.filter(([, { parent_id }]) => isRemoved(parent_id)).map(([id]) => id))
  }

  private removeRole(guildId: string, roleId: string): void {
    this.lists.roles.remove(guildId, [roleId])
    const members = this.lists.members.byGuild.get(guildId)
    for (const [id, member] of this.findEntries("members", guildId) ?? []) {
      if (member.roles.includes(roleId)) {
        members?.set(id, { ...member, roles: member.roles.filter((role) => role !== roleId) })
      }
    }
  }
}

export const make: Effect.Effect<GuildStore.GuildStore> = Effect.sync(() => new MemoryStore())
