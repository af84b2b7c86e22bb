/** Sets the bot's status to "do not disturb" for a requested time. */
import { Shard } from "@vesper/gateway"
import type { Command } from "@vesper/model"
import { Duration, Effect, FiberHandle, Ref } from "effect"

const presence = (status: "online" | "dnd", state: string): Command.Presence => ({
  status,
  since: null,
  afk: false,
  // 4 is a custom status: its name is not shown, its state is.
  activities: [{ name: "focus", type: 4, state }]
})

export const free: Command.Presence = presence("online", "!focus 25")

export const busy = (duration: Duration.Duration): Command.Presence =>
  presence("dnd", `focused for ${Duration.format(duration)}`)

export class Focus extends Effect.Service<Focus>()("testing-a-bot/Focus", {
  scoped: Effect.gen(function*() {
    const shard = yield* Shard.Shard
    const shown = yield* Ref.make(free)
    // Holds the one fiber that waits for the end; a newer one takes its place, and the scope takes it along.
    const waiting = yield* FiberHandle.make()

    const show = (next: Command.Presence) => Effect.zipRight(Ref.set(shown, next), shard.updatePresence(next))

    /** The end of one focus must not overlap the start of the next. */
    const stopWaiting = FiberHandle.clear(waiting)

    return {
      /** Starts or restarts a focus. */
      begin: (duration: Duration.Duration) =>
        stopWaiting.pipe(
          Effect.zipRight(show(busy(duration))),
          Effect.zipRight(FiberHandle.run(waiting, Effect.delay(show(free), duration)))
        ),
      /** Ends at once. */
      stop: Effect.zipRight(stopWaiting, show(free)),
      /** Shows it again: Discord forgets a presence with its session. */
      showAgain: Effect.flatMap(Ref.get(shown), shard.updatePresence)
    }
  })
}) {}
