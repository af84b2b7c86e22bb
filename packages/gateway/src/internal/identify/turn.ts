/**
 * Writes the IDENTIFY of one connection in its turn. The queue may be code of the program: it may grant no turn, two, or one
 * for a connection that has ended.
 */
import type * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { IdentifyBudgetExhausted } from "../../IdentifyBudget.js"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import * as ShardError from "../../ShardError.js"
import { Guard } from "../foreign/index.js"
import { Disconnect } from "../reconnect/index.js"

type Result = Exit.Exit<void, Disconnect>

const queueError = (cause: unknown) => new ShardError.DefectError({ subject: "the identify queue", cause })

const failed = (problem: string): Effect.Effect<never, Disconnect> =>
  Effect.fail(Disconnect.Failed({ error: queueError(new Error(problem)) }))

const resultOf = (result: Result | undefined): Effect.Effect<void, Disconnect> =>
  result === undefined
    ? failed("it granted no turn")
    : Exit.isFailure(result) && Cause.isInterruptedOnly(result.cause)
    ? failed("it interrupted the identify")
    : result

/** Runs `write` at most once, and ends as it does, whatever the queue makes of it. */
export const take = (
  queue: IdentifyQueue.IdentifyQueue,
  id: ShardId.ShardId,
  write: Effect.Effect<void, Disconnect>,
  isOver: () => boolean
): Effect.Effect<void, Disconnect> =>
  Effect.suspend(() => {
    // Undefined until the queue runs the identify.
    let result: Result | undefined
    const turn = Effect.suspend(() => {
      if (result !== undefined || isOver()) {
        return failed("it granted a turn that no connection waits for")
      }
      result = Exit.void
      return Effect.onExit(write, (exit) =>
        Effect.sync(() => {
          result = exit
        }))
    })
    return Effect.matchEffect(Guard.run(() => queue.withPermit(id)(turn), { onDefect: queueError }), {
      onFailure: (error) =>
        result !== undefined
          ? resultOf(result)
          : Effect.fail(Disconnect.Failed({
            error: error instanceof IdentifyBudgetExhausted || error instanceof ShardError.DefectError
              ? error
              : queueError(error)
          })),
      onSuccess: () => resultOf(result)
    })
  })
