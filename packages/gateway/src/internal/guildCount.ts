/** How many guilds a shard has, without keeping their ids: a big bot has millions. */
import type * as Dispatch from "@vesper/model/Dispatch"

export interface GuildCount {
  count: number
  /** Those that READY or an outage announced, and whose GUILD_CREATE is no join. */
  readonly pending: Set<string>
}

export const make = (): GuildCount => ({ count: 0, pending: new Set() })

export const record = (self: GuildCount, event: Dispatch.Dispatch): void => {
  switch (event.t) {
    case "READY": {
      self.pending.clear()
      event.d.guilds.forEach(({ id }) => self.pending.add(id))
      self.count = self.pending.size
      return
    }
    case "GUILD_CREATE": {
      if (!self.pending.delete(event.d.id)) {
        self.count++
      }
      return
    }
    case "GUILD_DELETE": {
      if (event.d.unavailable === true) {
        self.pending.add(event.d.id)
      } else {
        self.pending.delete(event.d.id)
        self.count--
      }
    }
  }
}
