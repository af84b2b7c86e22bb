/** Starts a shard or a fleet. While a bot is assembled on it, the start waits until all handlers of the bot are registered. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export class Starter {
  hasStarted = false
  private deferrals = 0
  private isConnectWanted = false
  private readonly latch = Effect.unsafeMakeLatch(true)
  private readonly begin: Effect.Effect<void>

  constructor(begin: Effect.Effect<void>) {
    this.begin = begin
  }

  /** Starts it for a reader, after the assembly. A reader that is interrupted before does not start it. */
  readonly start: Effect.Effect<void> = Effect.suspend(() =>
    this.deferrals === 0 ? this.startNow : Effect.zipRight(this.latch.await, this.start)
  )

  /** Starts it at the program's request. During an assembly it returns at once and the start follows. */
  readonly connect: Effect.Effect<void> = Effect.suspend(() => {
    if (this.deferrals === 0) {
      return this.startNow
    }
    this.isConnectWanted = true
    return Effect.void
  })

  /** Delays the start until the scope closes or the returned effect runs. */
  readonly deferStart: Effect.Effect<Effect.Effect<void>, never, Scope.Scope> = Effect.acquireRelease(
    Effect.sync(() => {
      this.deferrals++
      this.latch.unsafeClose()
      let isDeferring = true
      return Effect.suspend(() => {
        if (!isDeferring) {
          return Effect.void
        }
        isDeferring = false
        return this.release
      })
    }),
    (release) => release
  )

  private readonly release: Effect.Effect<void> = Effect.suspend(() => {
    this.deferrals--
    if (this.deferrals > 0) {
      return Effect.void
    }
    this.latch.unsafeOpen()
    const isWanted = this.isConnectWanted
    this.isConnectWanted = false
    return isWanted ? this.startNow : Effect.void
  })

  private readonly startNow: Effect.Effect<void> = Effect.suspend(() => {
    this.hasStarted = true
    return this.begin
  })
}
