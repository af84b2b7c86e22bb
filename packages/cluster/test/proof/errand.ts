/** Requests of a trial to a runner in another process, and their answers, over the channel between the two. */
import type * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import type * as ClusterFleet from "@vesper/cluster/ClusterFleet"
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** Send a command to a guild; without one, return the status. */
export interface Errand {
  readonly number: number
  readonly guild: string | undefined
}

export interface Answer {
  readonly number: number
  readonly isDone: boolean
  /** The reason for refusing it. */
  readonly reason?: string
  /** For each shard the name of its runner, and its status, if that was asked. */
  readonly places: ReadonlyArray<string>
}

const isErrand = (message: unknown): message is Errand => Predicate.hasProperty(message, "number")

export const isAnswer = (message: unknown): message is Answer => Predicate.hasProperty(message, "isDone")

/** A command that does nothing, and says in which guild. */
const voice = (guild: string): Command.VoiceStateUpdate => ({
  op: Opcode.VoiceStateUpdate,
  d: { guild_id: guild, channel_id: null, self_mute: false, self_deaf: false }
})

export const listPlaces = ({ runners, shards }: ClusterStatus.ClusterStatus): ReadonlyArray<string> =>
  shards.map(({ id, runner, status }) => {
    const name = runners.find(({ id }) => Option.contains(runner, id))?.name ?? "nobody"
    return `${id.id}: ${name}, ${Option.getOrElse(status, () => "unknown")}`
  })

/** Does what is asked, for as long as the fleet is there. */
export const run = (fleet: ClusterFleet.ClusterFleet) =>
  Effect.gen(function*() {
    const errands = yield* Mailbox.make<Errand>()
    process.on("message", (message) => {
      if (isErrand(message)) {
        errands.unsafeOffer(message)
      }
    })
    // A runner that has ended must not wait for another errand.
    process.channel?.unref()
    const placesFor = (guild: string | undefined): Effect.Effect<ReadonlyArray<string>, Error> =>
      guild === undefined
        ? Effect.map(fleet.status, listPlaces)
        : Effect.as(fleet.sendToGuild(guild, voice(guild)), [])
    const doOne = ({ guild, number }: Errand) =>
      Effect.flatMap(Effect.exit(placesFor(guild)), (exit) =>
        Effect.sync(() => {
          const answer: Answer = Exit.match(exit, {
            onFailure: (cause) => ({ number, isDone: false, reason: Cause.pretty(cause), places: [] }),
            onSuccess: (places) => ({ number, isDone: true, places })
          })
          process.send?.(answer)
        }))
    yield* Effect.forever(Effect.flatMap(errands.take, (errand) => Effect.forkScoped(doOne(errand))))
  })
