/**
 * Two sets of shards side by side: which guild is where, and what of the events of both is given on. Synchronous, for it
 * stands between the shards' buffers and the reader.
 */
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import type * as Option from "effect/Option"
import type { ReshardError } from "../../../FleetError.js"
import * as ShardStatus from "../../../ShardStatus.js"
import * as EventKey from "./eventKey.js"
import type * as Dispatch from "@vesper/model/Dispatch"
import type { Entry } from "../../events/log/index.js"
import { getGuildId } from "../../events/index.js"
import type { Member } from "../index.js"
import * as Handover from "./handover.js"
import type { Facts } from "./stage.js"

/** An event, and the shard that received it. */
export interface Delivery {
  readonly event: Dispatch.Dispatch
  readonly entry: Entry
  readonly member: Member
}

/** One of the two sets. */
export interface Side {
  readonly total: number
  readonly members: ReadonlyMap<number, Member>
}

export interface Reshard {
  /** What becomes of an event of either side. */
  readonly route: (delivery: Delivery) => ReadonlyArray<Delivery>
  /** Time has passed. What it gives is to be delivered. */
  readonly tick: () => ReadonlyArray<Delivery>
  readonly facts: (failure: Option.Option<ReshardError>) => Facts
  /** The new set is the fleet's: what has no guild is given on from its shards too. */
  readonly switchOver: () => void
  /** The new set is gone: nothing of it is given on any more. */
  readonly giveUp: () => void
  /** No copy is to come, from either side. */
  readonly isSettled: () => boolean
}

/** What has no guild comes over shard 0, and goes the same way as a guild. */
const nowhere = "@"

/** A shard of the new set, and what READY has told it of. */
interface Newcomer {
  readonly member: Member
  isReady: boolean
  /** Guilds whose GUILD_CREATE is to come. */
  readonly expected: Set<string>
}

export const make = (
  sides: { readonly old: Side; readonly new: Side },
  policy: Handover.Policy,
  now: () => number
): Reshard => {
  const handovers = new Map<string, Handover.Handover<Delivery>>()
  // Guilds that the new set knows, those that left since without.
  const known = new Set<string>()
  const newcomers = new Map<Member, Newcomer>()
  for (const member of sides.new.members.values()) {
    newcomers.set(member, { member, isReady: false, expected: new Set() })
  }
  const caughtUp = new Map<Member, number>()
  let isSwitched = false
  let isGivenUp = false

  const handoverOf = (guild: string) => {
    const handover = handovers.get(guild) ?? Handover.make<Delivery>(now())
    handovers.set(guild, handover)
    return handover
  }

  const shardIn = (side: Side, guild: string) => guild === nowhere ? 0 : ShardId.shardOf(guild, side.total)

  const copyOf = (delivery: Delivery): Handover.Copy<Delivery> => ({
    ...EventKey.make(delivery.event),
    value: delivery
  })

  /** The handovers of all guilds of one shard. */
  const handoversOf = (side: Side, member: Member) =>
    Array.from(handovers).filter(([guild]) => shardIn(side, guild) === member.shard.id.id)

  /** The guild in whose order the event stands, if any. */
  const placeOf = ({ event, member: { shard } }: Delivery): string | undefined =>
    getGuildId(event) ?? (shard.id.id === 0 ? nowhere : undefined)

  const routeOld = (delivery: Delivery): ReadonlyArray<Delivery> => {
    const { event, member } = delivery
    if (event.t === "READY") {
      return [...handoversOf(sides.old, member).flatMap(([, handover]) => Handover.loseOld(handover)), delivery]
    }
    const place = placeOf(delivery)
    return place === undefined || event.t === "RESUMED" || EventKey.isAnswer(event.t)
      ? [delivery]
      : Handover.fromOld(handoverOf(place), copyOf(delivery), now())
  }

  const arrive = (guild: string) => {
    known.add(guild)
    Handover.overlap(handoverOf(guild), now())
  }

  const ready = (newcomer: Newcomer, guilds: ReadonlyArray<{ readonly id: string }>) => {
    const { member } = newcomer
    handoversOf(sides.new, member).forEach(([, handover]) => Handover.loseNew(handover))
    newcomer.isReady = true
    newcomer.expected.clear()
    guilds.forEach(({ id }) => known.add(id))
    if (member.shard.id.id === 0) {
      arrive(nowhere)
    }
    if (Intents.has(member.state.config.intents, "Guilds")) {
      guilds.forEach(({ id }) => newcomer.expected.add(id))
    } else {
      // Without this intent no guild is announced: the session has them all from its first moment on.
      guilds.forEach(({ id }) => arrive(id))
    }
  }

  const routeNew = (delivery: Delivery, newcomer: Newcomer): ReadonlyArray<Delivery> => {
    const { event } = delivery
    if (isGivenUp) {
      return []
    }
    if (event.t === "READY") {
      ready(newcomer, event.d.guilds)
      return isSwitched ? [delivery] : []
    }
    if (EventKey.isAnswer(event.t)) {
      return [delivery]
    }
    const place = placeOf(delivery)
    if (place === undefined || event.t === "RESUMED") {
      return isSwitched ? [delivery] : []
    }
    if (event.t === "GUILD_CREATE" || event.t === "GUILD_DELETE") {
      const isSnapshot = newcomer.expected.delete(place)
      arrive(place)
      if (isSnapshot && (event.t === "GUILD_CREATE" || event.d.unavailable === true)) {
        return []
      }
      if (event.t === "GUILD_DELETE" && event.d.unavailable !== true) {
        known.delete(place)
      }
    }
    return Handover.fromNew(handoverOf(place), copyOf(delivery), now())
  }

  /** Notes which shards have received everything that was sent to them: those whose sockets are not paused. */
  const catchUp = () => {
    const at = now()
    for (const member of [...sides.old.members.values(), ...sides.new.members.values()]) {
      const { log, session, status } = member.state
      // An old shard whose session is lost brings nothing more of it, however long it waits for the next one.
      const isOver = log.ending.closed !== undefined || (session === undefined && !newcomers.has(member))
      if (!log.backpressure.isPaused && (isOver || ShardStatus.isConnected(status.get()))) {
        caughtUp.set(member, at)
      }
    }
  }

  const caughtUpAt = (side: Side, guild: string) => {
    const member = side.members.get(shardIn(side, guild))
    return member === undefined ? now() : caughtUp.get(member) ?? Number.NEGATIVE_INFINITY
  }

  const all = () => Array.from(handovers.values())

  return {
    route: (delivery) => {
      const newcomer = newcomers.get(delivery.member)
      return newcomer === undefined ? routeOld(delivery) : routeNew(delivery, newcomer)
    },
    tick: () => {
      catchUp()
      return Array.from(handovers).flatMap(([guild, handover]) =>
        Handover.settle(
          handover,
          { old: caughtUpAt(sides.old, guild), new: isGivenUp ? now() : caughtUpAt(sides.new, guild) },
          policy
        )
      )
    },
    facts: (failure) => {
      const phases = Array.from(known, (guild) => handovers.get(guild)?.phase ?? "Old")
      return {
        shards: newcomers.size,
        identified: Array.from(newcomers.values()).filter(({ isReady }) => isReady).length,
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
    giveUp: () => {
      isGivenUp = true
      all().forEach(Handover.loseNew)
    },
    isSettled: () => all().every(Handover.isSettled)
  }
}
