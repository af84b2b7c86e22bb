/**
 * Reads from the buffers of many shards as from one, in turns, so that a busy shard does not hold up the others. There
 * is no buffer of its own: each shard's is bounded and pauses its own socket, and what nobody has read stays there.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as MutableList from "effect/MutableList"
import * as Option from "effect/Option"
import * as Diagnostic from "../Diagnostic.js"
import type { FleetEvent } from "../Fleet.js"
import type * as ShardConfig from "../ShardConfig.js"
import type * as ShardError from "../ShardError.js"
import type { Dispatched } from "./eventBuffer.js"
import * as GuildCount from "./guildCount.js"
import * as Parse from "./parse.js"
import { report } from "./report.js"
import type { Open } from "./shard.js"

/** One shard of the fleet. */
export interface Member extends Open {
  readonly guilds: GuildCount.GuildCount
  /** It has its place among those that may have something. */
  isQueued: boolean
}

/** An event on its way to the program, and where it came from: only that shard can bring it again. */
export interface Delivery {
  readonly event: FleetEvent
  readonly item: Dispatched
  readonly member: Member
}

/** What becomes of an event: in calm times it is given on; while the fleet is resharded, see there. */
export type Route = (delivery: Delivery) => ReadonlyArray<Delivery>

export interface FleetHub {
  readonly join: (open: Open) => Member
  /** The next event, in turns over the shards. Interrupting the wait loses nothing. */
  readonly take: Effect.Effect<Delivery, ShardError.TerminalError>
  /** What was taken is done: the shard need not bring it again. Nothing to say where shards count what they received. */
  readonly unsafeDone: (delivery: Delivery) => void
  /** Puts back what was taken and not used: these are the next ones, in this order. */
  readonly unsafeGiveBack: (deliveries: ReadonlyArray<Delivery>) => void
  /** Puts events before all that wait in the shards. */
  readonly unsafeDeliver: (deliveries: ReadonlyArray<Delivery>) => void
  readonly unsafeSetRoute: (route: Route | undefined) => void
  /** Reading fails at once, whatever still waits. */
  readonly unsafeFail: (error: ShardError.FatallyClosedError) => void
  /** What the shards hold can still be read; then reading fails with `error`. */
  readonly unsafeEnd: (error: ShardError.TerminalError) => void
}

/** The names that a fleet needs for its own books, whether the program wants them or not. */
export const ownEvents = ["READY", "GUILD_CREATE", "GUILD_DELETE"] as const

const calm: Route = (delivery) => [delivery]

export const make = (
  config: Pick<ShardConfig.ShardConfig, "events" | "acknowledge">,
  onFatal: (member: Member, error: ShardError.FatallyClosedError) => void
): FleetHub => {
  const queue = MutableList.empty<Member>()
  const outbox = MutableList.empty<Delivery>()
  const readers = new Set<() => void>()
  const wanted = Option.getOrUndefined(config.events)
  const isTracked = config.acknowledge === "onHandled"
  // While a fleet is resharded one copy of an event is given on, and the other dropped. Who resumes the other one's
  // session must get it again, as long as the first is not done.
  const outstanding = new Map<Delivery, number>()
  const dropped: Array<{ readonly item: Dispatched; readonly member: Member; readonly after: number }> = []
  let posted = 0
  let failed = Option.none<ShardError.FatallyClosedError>()
  let ended = Option.none<ShardError.TerminalError>()
  let route: Route = calm

  const wakeReaders = () => {
    const waiting = Array.from(readers)
    readers.clear()
    waiting.forEach((wake) => wake())
  }

  const enqueue = (member: Member) => {
    if (!member.isQueued) {
      member.isQueued = true
      MutableList.append(queue, member)
    }
    if (readers.size > 0) {
      wakeReaders()
    }
  }

  const post = (delivery: Delivery) => {
    if (isTracked) {
      delivery.member.state.unhandled.add(delivery.item)
      if (route !== calm) {
        outstanding.set(delivery, ++posted)
      }
    }
    MutableList.append(outbox, delivery)
  }

  /** A copy counts as done when all that was given on before it is: the other copy is among that. */
  const drop = (member: Member, item: Dispatched) => {
    if (outstanding.size > 0) {
      member.state.unhandled.add(item)
      dropped.push({ item, member, after: posted })
    }
  }

  const settleDropped = () => {
    const [first = Number.POSITIVE_INFINITY] = outstanding.values()
    const kept = dropped.findIndex(({ after }) => after >= first)
    dropped.splice(0, kept === -1 ? dropped.length : kept).forEach(({ item, member }) => {
      member.state.unhandled.delete(item)
    })
  }

  /** Those that the program wants; the fleet itself wants some more. */
  const select = (deliveries: ReadonlyArray<Delivery>) =>
    wanted === undefined ? deliveries : deliveries.filter(({ item }) => wanted.has(item.t))

  const receive = (member: Member, item: Dispatched, event: Dispatch.Dispatch) => {
    GuildCount.record(member.guilds, event)
    const given = route({ event: { shard: member.shard.id, event }, item, member })
    select(given).forEach(post)
    if (isTracked && route !== calm && !given.some((delivery) => delivery.item === item)) {
      drop(member, item)
    }
  }

  const awaitSomething = Effect.async<void>((resume) => {
    const wake = () => resume(Effect.void)
    readers.add(wake)
    return Effect.sync(() => readers.delete(wake))
  })

  const take: Effect.Effect<Delivery, ShardError.TerminalError> = Effect.suspend(() => {
    while (Option.isNone(failed)) {
      const delivery = MutableList.shift(outbox)
      if (delivery !== undefined) {
        return Exit.succeed(delivery)
      }
      const member = MutableList.shift(queue)
      if (member === undefined) {
        return Option.isSome(ended) ? Exit.fail(ended.value) : Effect.zipRight(awaitSomething, take)
      }
      const item = member.state.buffer.unsafeTake()
      if (item === undefined) {
        member.isQueued = false
        continue
      }
      MutableList.append(queue, member)
      if (item._tag === "Dispatch") {
        const event = member.state.parse(item)
        if (Parse.isFailure(event)) {
          return Effect.zipRight(report(member.state, Diagnostic.Failure({ error: event })), take)
        }
        receive(member, item, event)
      }
    }
    return Exit.fail(failed.value)
  })

  return {
    join: (open) => {
      const member: Member = { ...open, guilds: GuildCount.make(open.shard.id), isQueued: false }
      const { buffer } = open.state
      buffer.unsafeSetListener(() => {
        enqueue(member)
        const error = Option.getOrUndefined(buffer.unsafeEnded())
        if (error?._tag === "FatallyClosedError") {
          onFatal(member, error)
        }
      })
      return member
    },
    take,
    unsafeDone: (delivery) => {
      delivery.member.state.unhandled.delete(delivery.item)
      if (outstanding.delete(delivery) && dropped.length > 0) {
        settleDropped()
      }
    },
    unsafeGiveBack: (deliveries) => {
      for (const delivery of Array.from(deliveries).reverse()) {
        if (route === calm) {
          // Back to where they came from: there a session that is handed over knows of them.
          delivery.member.state.buffer.unsafePutBack([delivery.item])
          delivery.member.state.unhandled.delete(delivery.item)
        } else {
          MutableList.prepend(outbox, delivery)
        }
      }
      wakeReaders()
    },
    unsafeDeliver: (deliveries) => {
      select(deliveries).forEach(post)
      wakeReaders()
    },
    unsafeSetRoute: (next) => {
      route = next ?? calm
    },
    unsafeFail: (error) => {
      failed = Option.some(error)
      wakeReaders()
    },
    unsafeEnd: (error) => {
      ended = Option.some(error)
      wakeReaders()
    }
  }
}
