/** Writes the queue of commands to one connection, as fast as its rate limits permit. */
import * as Effect from "effect/Effect"
import * as CommandRateLimiter from "../../CommandRateLimiter.js"
import type * as ShardConfig from "../../ShardConfig.js"
import type { Disconnect } from "../reconnect/index.js"
import { Monotonic, SlidingLog } from "../time/index.js"
import type * as Order from "./order.js"
import type * as Outgoing from "./outgoingMessage.js"
import * as Presence from "./currentPresence.js"
import type { CommandQueue } from "./queue.js"
import { type CommandLimiter, windowMillis } from "./rateLimiter.js"
import * as WriteMessage from "./writeMessage.js"

/** One connection, and the commands of its shard. */
export interface QueueTarget extends WriteMessage.MessageTarget {
  readonly state: WriteMessage.MessageTarget["state"] & Presence.PresenceState & {
    readonly commands: CommandQueue
    readonly config: Pick<ShardConfig.ShardConfig, "rateLimitCommands">
    /** The times of sent presences. */
    readonly presences: SlidingLog.SlidingLog
  }
}

/**
 * Bulk requests that a connection sends in a window. The rest of the window, at least `CommandRateLimiter.minimum`, is
 * reserved for other commands, because a person may wait for their effect.
 */
export const bulkLimit = 100

/** Milliseconds until each limited kind may be sent. */
interface Waits {
  readonly presences: number
  readonly bulk: number
}

const limitedBy = ({ bulk, presences }: Waits): Order.Limited => ({ bulk: bulk > 0, presences: presences > 0 })

const shortest = ({ bulk, presences }: Waits): number =>
  Math.min(bulk > 0 ? bulk : Infinity, presences > 0 ? presences : Infinity)

/**
 * Registers the writer of the queue. Returns the effect that writes the waiting commands and completes when there are none.
 * `onCommands` is called when a command waits and the effect is not running.
 */
export const make = (
  target: QueueTarget,
  limiter: CommandLimiter,
  onCommands: () => void
): Effect.Effect<void, Disconnect> => {
  const { state } = target
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

  /** Counts a command that may have been sent, even if the connection is lost. */
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
    Effect.zipRight(limiter.recordCommand, WriteMessage.write(target, command)).pipe(Effect.ensuring(record(command)))

  const writeAll = Effect.gen(function*() {
    while (commands.unsafeHasNext()) {
      const now = yield* waits
      if (commands.unsafeHasNext(limitedBy(now))) {
        yield* config.rateLimitCommands ? limiter.awaitRoom : Effect.void
        yield* commands.writeNext(limitedBy(yield* waits), write)
      } else {
        yield* Effect.timeoutOption(commands.awaitNext(limitedBy(now)), shortest(now))
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
  return writeAll
}
