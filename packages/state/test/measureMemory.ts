/**
 * Measures the heap that the state takes for a guild, and for a member:
 * `node --expose-gc --conditions=@vesper/source --import tsx packages/state/test/measureMemory.ts`.
 */
import * as Dispatch from "@vesper/model/Dispatch"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as GuildStore from "../src/GuildStore.js"
import * as Applier from "../src/internal/state/applier.js"

const guildCount = 500

const collect = (): number => {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

/** Returns the bytes of a guild with its kept lists. */
const measure = (kinds: ReadonlyArray<GuildStore.Kind>, guilds: boolean, membersPerGuild: number): number => {
  const { guilds: bodies } = World.make({ guilds: guildCount, membersPerGuild })
  const texts = bodies.map((body) => JSON.stringify(body))
  // The first parse of a text changes its representation.
  texts.forEach((text) => JSON.parse(text))
  const store = Effect.runSync(GuildStore.makeMemory)
  const kept = { guilds, kinds: new Set(kinds) }
  const { apply } = Applier.make(store, kept, { guilds: guildCount, lists: new Map() }, new Set())
  const before = collect()
  // Each body is parsed apart, as on the gateway, so that the state alone keeps it.
  texts.forEach((text, s) => {
    Effect.runSync(apply(Dispatch.fromPayload({ op: 0, t: "GUILD_CREATE", s, d: JSON.parse(text) })))
  })
  const after = collect()
  return Effect.runSync(store.guildIds).length === guildCount ? (after - before) / guildCount : Number.NaN
}

const print = (name: string, bytes: number): void => {
  process.stdout.write(`${name}: ${Math.round(bytes)} bytes\n`)
}

const [{ channels, roles } = { channels: [], roles: [] }] = World.make({ guilds: 1 }).guilds
print("a guild without lists", measure([], true, 20))
print(`${channels.length} channels`, measure(["channels"], false, 20) - measure([], false, 20))
print(`${roles.length} roles`, measure(["roles"], false, 20) - measure([], false, 20))
print("a member", (measure(["members"], false, 220) - measure(["members"], false, 20)) / 200)
print("a voice state", (measure(["voiceStates"], false, 820) - measure(["voiceStates"], false, 20)) / 100)
