/** How many guilds a shard has, without keeping their ids: a big bot has millions. */
export interface GuildCount {
  count: number
  /** Those that READY or an outage announced, and whose GUILD_CREATE is no join. */
  readonly pending: Set<string>
}

export const make = (): GuildCount => ({ count: 0, pending: new Set() })

/** A new session names its guilds. */
export const ready = (self: GuildCount, guilds: ReadonlyArray<{ readonly id: string }>): void => {
  self.pending.clear()
  guilds.forEach(({ id }) => self.pending.add(id))
  self.count = self.pending.size
}

export const create = (self: GuildCount, id: string): void => {
  if (!self.pending.delete(id)) {
    self.count++
  }
}

export const remove = (
  self: GuildCount,
  guild: { readonly id: string; readonly unavailable?: boolean | undefined }
): void => {
  if (guild.unavailable === true) {
    self.pending.add(guild.id)
  } else {
    self.pending.delete(guild.id)
    self.count--
  }
}
