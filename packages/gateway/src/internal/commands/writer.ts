/** Writes the waiting commands to one connection, as fast as the limits of that connection allow. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as CommandRateLimiter from "../../CommandRateLimiter.js"
import type { CommandLimiter } from "./limiter.js"
import type { Disconnect } from "../reconnect/index.js"
import * as Presence from "./presence.js"
import type { ShardState } from "../state/index.js"
import { Monotonic, SlidingLog } from "../time/index.js"
import type * as Kind from "./kind.js"
import type * as Outgoing from "./outgoing.js"
import * as Write from "./write.js"

export interface Connection extends Write.Connection {
  readonly state: ShardState.ShardState
}

/** The commands that wait for a connection. */
export interface Writer {
  /** Writes the waiting commands, and ends when there are none. */
  readonly writeAll: Effect.Effect<void, Disconnect>
}

/**
 * Bulk requests that a connection sends within the command window. The others, at least 10 of
 * `CommandRateLimiter.minimum`, are left for commands that a person may be waiting for.
 */
export const bulkLimit = 100

const windowMillis = Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))

/** Milliseconds until each limited kind may be sent. */
interface Waits {
  readonly presences: number
  readonly bulk: number
}

const heldBy = ({ bulk, presences }: Waits): Kind.Held => ({ bulk: bulk > 0, presences: presences > 0 })

const shortest = ({ bulk, presences }: Waits): number =>
  Math.min(bulk > 0 ? bulk : Infinity, presences > 0 ? presences : Infinity)

/** Starts to write commands: `onCommands` is called when there are some and no `writeAll` is running. */
export const make = (connection: Connection, limiter: CommandLimiter, onCommands: () => void): Writer => {
  const { state } = connection
  const { commands, config, presences } = state
  const bulk = SlidingLog.make(windowMillis)
  let isWriting = false

  const waits = Effect.map(Monotonic.currentMillis, (now): Waits =>
    config.rateLimitCommands
      ? {
        presences: presences.waitUntilBelow(CommandRateLimiter.presenceLimit, now),
        bulk: bulk.waitUntilBelow(bulkLimit, now)
      }
      : { presences: 0, bulk: 0 })

  /** Counts a command that may have been sent, also if its connection breaks. */
  const record = (command: Outgoing.OutgoingCommand) =>
    Effect.map(Monotonic.currentMillis, (now) => {
      if (command.kind._tag === "Bulk") {
        bulk.record(now)
      }
      if (command.kind._tag === "Presence") {
        presences.record(now)
        Presence.remember(state, command)
      }
    })

  const write = (command: Outgoing.OutgoingCommand) =>
    Effect.zipRight(limiter.recordCommand, Write.write(connection, command)).pipe(Effect.ensuring(record(command)))

  const writeAll = Effect.gen(function*() {
    while (commands.unsafeHasNext()) {
      const now = yield* waits
      if (commands.unsafeHasNext(heldBy(now))) {
        yield* config.rateLimitCommands ? limiter.awaitRoom : Effect.void
        yield* commands.writeNext(heldBy(yield* waits), write)
      } else {
        yield* Effect.timeoutOption(commands.awaitNext(heldBy(now)), shortest(now))
      }
    }
    isWriting = false
  })

  commands.unsafeSetListener(() => {
    if (!isWriting) {
      isWriting = true
      onCommands()
    }
  })
  return { writeAll }
}
