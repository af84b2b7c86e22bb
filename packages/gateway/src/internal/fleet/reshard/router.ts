/**
 * Decides which events of the two sets of a resharding are delivered. Synchronous, because it runs while an event is
 * appended to the log of its shard.
 */
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import type * as Option from "effect/Option"
import type { ReshardError } from "./reshardError.js"
import * as ShardStatus from "../../../ShardStatus.js"
import * as EventKey from "./eventKey.js"
import type * as Dispatch from "@vesper/model/Dispatch"
import type { Entry } from "../../events/log/index.js"
import { getGuildId } from "../../events/index.js"
import type { FleetShard, ShardSet } from "../index.js"
import * as GuildHandover from "./guildHandover.js"
import type { Facts } from "./stage.js"

/** An event, and the shard that received it. */
export interface Delivery {
  readonly event: Dispatch.Dispatch
  readonly entry: Entry
  readonly fleetShard: FleetShard
}

export interface Router {
  /** Takes an event of either side and returns the events to deliver. */
  readonly route: (delivery: Delivery) => ReadonlyArray<Delivery>
  /** Runs at an interval and returns the events to deliver. */
  readonly tick: () => ReadonlyArray<Delivery>
  readonly facts: (failure: Option.Option<ReshardError>) => Facts
  /** Makes the new set the fleet's: its READY and RESUMED are delivered too. */
  readonly switchOver: () => void
  /** Notes that the old set is closed, and returns the events to deliver. */
  readonly closeOld: () => ReadonlyArray<Delivery>
  /** Delivers no more events of the new set. */
  readonly abandon: () => void
  /** Returns whether no copy is awaited from either side. */
  readonly isSettled: () => boolean
}

/**
 * The order key of events without a guild, which are handed over like a guild between the shards of one id. On Discord these
 * are the shards 0.
 */
const unguilded = (shard: FleetShard) => `@${shard.shard.id.id}`

/** The session of a shard of the new set. */
interface NewSession {
  isReady: boolean
  /** Guilds whose first GUILD_CREATE has not arrived. */
  readonly expected: Set<string>
}

export const make = (
  sides: { readonly old: ShardSet.ShardSet; readonly new: ShardSet.ShardSet },
  policy: GuildHandover.Policy & {
    /** True if the next process must repeat no event: it resumes the old sessions. */
    readonly prefersOld: boolean
  },
  now: () => number
): Router => {
  const handovers = new Map<string, GuildHandover.Handover<Delivery>>()
  // The guilds of the new set, without those that the bot has left.
  const known = new Set<string>()
  const newSessions = new Map<FleetShard, NewSession>()
  for (const fleetShard of sides.new.shards.values()) {
    newSessions.set(fleetShard, { isReady: false, expected: new Set() })
  }
  const caughtUp = new Map<FleetShard, number>()
  let { prefersOld } = policy
  let isSwitched = false
  let isAbandoned = false

  const getHandover = (guild: string) => {
    const handover = handovers.get(guild) ?? GuildHandover.make<Delivery>(now(), prefersOld)
    handovers.set(guild, handover)
    return handover
  }

  const shardIn = (side: ShardSet.ShardSet, guild: string) =>
    guild.startsWith("@") ? Number(guild.slice(1)) : ShardId.shardOf(guild, side.total)

  const makeCopy = (delivery: Delivery): GuildHandover.Copy<Delivery> => ({
    ...EventKey.make(delivery.event),
    value: delivery
  })

  /** Returns the handovers of all guilds of one shard. */
  const shardHandovers = (side: ShardSet.ShardSet, fleetShard: FleetShard) =>
    Array.from(handovers).filter(([guild]) => shardIn(side, guild) === fleetShard.shard.id.id)

  /** Returns the guild whose order an event is part of. */
  const orderKey = ({ event, fleetShard }: Delivery): string => getGuildId(event) ?? unguilded(fleetShard)

  const routeOld = (delivery: Delivery): ReadonlyArray<Delivery> => {
    const { event, fleetShard } = delivery
    if (event.t === "READY") {
      return [
        ...shardHandovers(sides.old, fleetShard).flatMap(([, handover]) => GuildHandover.loseOld(handover)),
        delivery
      ]
    }
    return event.t === "RESUMED" || EventKey.isReply(event.t)
      ? [delivery]
      : GuildHandover.fromOld(getHandover(orderKey(delivery)), makeCopy(delivery), now())
  }

  const markArrived = (guild: string) => {
    known.add(guild)
    GuildHandover.overlap(getHandover(guild), now())
  }

  const ready = (fleetShard: FleetShard, session: NewSession, guilds: ReadonlyArray<{ readonly id: string }>) => {
    shardHandovers(sides.new, fleetShard).forEach(([, handover]) => GuildHandover.loseNew(handover))
    session.isReady = true
    session.expected.clear()
    guilds.forEach(({ id }) => known.add(id))
    markArrived(unguilded(fleetShard))
    if (Intents.has(fleetShard.state.config.intents, "Guilds")) {
      guilds.forEach(({ id }) => session.expected.add(id))
    } else {
      // Without this intent Discord sends no GUILD_CREATE: the session has all guilds from READY on.
      guilds.forEach(({ id }) => markArrived(id))
    }
  }

  const routeNew = (delivery: Delivery, session: NewSession): ReadonlyArray<Delivery> => {
    const { event, fleetShard } = delivery
    if (isAbandoned) {
      return []
    }
    if (event.t === "READY") {
      ready(fleetShard, session, event.d.guilds)
      return isSwitched ? [delivery] : []
    }
    if (EventKey.isReply(event.t)) {
      return [delivery]
    }
    if (event.t === "RESUMED") {
      return isSwitched ? [delivery] : []
    }
    const key = orderKey(delivery)
    if (event.t === "GUILD_CREATE" || event.t === "GUILD_DELETE") {
      const isSnapshot = session.expected.delete(key)
      markArrived(key)
      if (isSnapshot && (event.t === "GUILD_CREATE" || event.d.unavailable === true)) {
        return []
      }
      if (event.t === "GUILD_DELETE" && event.d.unavailable !== true) {
        known.delete(key)
      }
    }
    return GuildHandover.fromNew(getHandover(key), makeCopy(delivery), now())
  }

  /** Notes the shards that have received everything that was sent to them, which are those with an unpaused socket. */
  const catchUp = () => {
    const at = now()
    for (const fleetShard of [...sides.old.shards.values(), ...sides.new.shards.values()]) {
      const { log, session, status } = fleetShard.state
      // An old shard without a session receives no more events of it.
      const isOver = log.ending.closed !== undefined || (session === undefined && !newSessions.has(fleetShard))
      if (!log.backpressure.isPaused && (isOver || ShardStatus.isConnected(status.get()))) {
        caughtUp.set(fleetShard, at)
      }
    }
  }

  const caughtUpAt = (side: ShardSet.ShardSet, guild: string) => {
    const fleetShard = side.shards.get(shardIn(side, guild))
    return fleetShard === undefined ? now() : caughtUp.get(fleetShard) ?? Number.NEGATIVE_INFINITY
  }

  const all = () => Array.from(handovers.values())

  return {
    route: (delivery) => {
      const session = newSessions.get(delivery.fleetShard)
      return session === undefined ? routeOld(delivery) : routeNew(delivery, session)
    },
    tick: () => {
      catchUp()
      return Array.from(handovers).flatMap(([guild, handover]) =>
        GuildHandover.settle(
          handover,
          { old: caughtUpAt(sides.old, guild), new: isAbandoned ? now() : caughtUpAt(sides.new, guild) },
          policy
        )
      )
    },
    facts: (failure) => {
      const phases = Array.from(known, (guild) => handovers.get(guild)?.phase ?? "Old")
      return {
        shards: newSessions.size,
        identified: Array.from(newSessions.values()).filter(({ isReady }) => isReady).length,
        guilds: known.size,
        arrived: phases.filter((phase) => phase !== "Old").length,
        handedOver: phases.filter((phase) => phase === "Both").length,
        isOldDone: all().every((handover) => handover.aheadOld.length === 0),
        failure
      }
    },
    switchOver: () => {
      isSwitched = true
    },
    closeOld: () => {
      prefersOld = false
      return all().flatMap(GuildHandover.closeOld)
    },
    abandon: () => {
      isAbandoned = true
      all().forEach(GuildHandover.loseNew)
    },
    isSettled: () => all().every(GuildHandover.isSettled)
  }
}
