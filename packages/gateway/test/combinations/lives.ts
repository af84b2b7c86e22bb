/** What happens to the bot and its readers in each life. */
import * as Effect from "effect/Effect"
import type { Life } from "./cells.js"

/** What a life is made of. Each step takes as long as it needs. */
export interface Steps {
  /** Sends so many events in several guilds. */
  readonly send: (count: number) => Effect.Effect<void>
  /** All connections drop, and the shards resume. */
  readonly drop: Effect.Effect<void>
  /** The gateway ends all sessions, and the shards have new ones. */
  readonly invalidate: Effect.Effect<void>
  /** Closes the shards; readers read to the end. */
  readonly close: Effect.Effect<void>
  readonly connect: Effect.Effect<void>
  readonly interruptReaders: Effect.Effect<void>
  readonly startReaders: Effect.Effect<void>
  /** Sets the wall clock forward by so many milliseconds, or back. Time passes as before. */
  readonly setWall: (millis: number) => Effect.Effect<void>
  /** Ends the process: in order, or as if it was killed. */
  readonly stop: (how: "kill" | "stop") => Effect.Effect<void>
  /** Starts the next process. */
  readonly restart: Effect.Effect<void>
}

/** How a life's handlers behave. */
export interface Load {
  /** How long a handler takes that is not done at once. */
  readonly millis: number
  /** Whether all handlers take time. */
  readonly isSlow: boolean
  /** Whether handlers fail at some events when they are run for them first. */
  readonly isFailing: boolean
  /** Events that are sent at a time. */
  readonly burst: number
  readonly eventBufferSize: number | undefined
}

const usual: Load = { millis: 5, isSlow: false, isFailing: false, burst: 2, eventBufferSize: undefined }

export const loadOf = (life: Life): Load => {
  switch (life) {
    case "slow handlers":
      return { ...usual, millis: 40, isSlow: true }
    case "full buffer":
      return { ...usual, millis: 25, isSlow: true, burst: 12, eventBufferSize: 4 }
    case "failing handlers":
      return { ...usual, isFailing: true }
    case "interrupted readers":
      return { ...usual, millis: 30 }
    default:
      return usual
  }
}

const hour = 3_600_000

const restarting = (steps: Steps, how: "kill" | "stop") =>
  Effect.gen(function*() {
    for (let i = 0; i < 2; i++) {
      yield* steps.send(8)
      yield* steps.stop(how)
      yield* steps.send(3)
      yield* steps.restart
    }
    yield* steps.send(8)
  })

/** The steps of a life between the start of the readers and its last events. */
export const play = (life: Life, steps: Steps): Effect.Effect<void> => {
  const { close, connect, drop, interruptReaders, invalidate, send, setWall, startReaders } = steps
  const inOrder = (...all: ReadonlyArray<Effect.Effect<void>>) => Effect.all(all, { discard: true })
  switch (life) {
    case "resume":
      return inOrder(send(8), drop, send(8), drop, send(8))
    case "new session":
      return inOrder(send(8), invalidate, send(8), invalidate, send(8))
    case "close and connect":
      return inOrder(send(8), close, send(5), startReaders, connect, send(5), close, startReaders, connect, send(6))
    case "interrupted readers":
      return inOrder(send(8), interruptReaders, send(4), startReaders, send(4), interruptReaders, startReaders, send(8))
    case "clock jump":
      return inOrder(
        send(6),
        setWall(hour),
        send(6),
        drop,
        send(4),
        setWall(-2 * hour),
        send(6),
        drop,
        setWall(hour),
        send(4)
      )
    case "kill and restart":
      return restarting(steps, "kill")
    case "stop and restart":
      return restarting(steps, "stop")
    default:
      return send(24)
  }
}
