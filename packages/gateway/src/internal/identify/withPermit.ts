/**
 * Writes the IDENTIFY of one connection with a permit of the queue. The queue may be code of the program, so it may grant no
 * permit, two, or one for a connection that has ended.
 */
import type * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import * as ShardError from "../../ShardError.js"
import { Guard } from "../foreign/index.js"
import { Disconnect } from "../reconnect/index.js"
import { IdentifyBudgetExhausted } from "./budgetExhausted.js"

type WriteExit = Exit.Exit<void, Disconnect>

const queueError = (cause: unknown) => new ShardError.DefectError({ subject: "the identify queue", cause })

const failed = (problem: string): Effect.Effect<never, Disconnect> =>
  Effect.fail(Disconnect.Failed({ error: queueError(new Error(problem)) }))

const toEffect = (result: WriteExit | undefined): Effect.Effect<void, Disconnect> =>
  result === undefined
    ? failed("it granted no permit")
    : Exit.isFailure(result) && Cause.isInterruptedOnly(result.cause)
    ? failed("it interrupted the IDENTIFY")
    : result

/** Runs `write` at most once and returns its result, even if the queue returns another one. */
export const use = (
  queue: IdentifyQueue.IdentifyQueue,
  id: ShardId.ShardId,
  write: Effect.Effect<void, Disconnect>,
  isOver: () => boolean
): Effect.Effect<void, Disconnect> =>
  Effect.suspend(() => {
    // Undefined until the queue runs the IDENTIFY.
    let result: WriteExit | undefined
    const identify = Effect.suspend(() => {
      if (result !== undefined || isOver()) {
        return failed("it granted a permit that no connection waits for")
      }
      result = Exit.void
      return Effect.onExit(write, (exit) =>
        Effect.sync(() => {
          result = exit
        }))
    })
    return Effect.matchEffect(Guard.run(() => queue.withPermit(id)(identify), { onDefect: queueError }), {
      onFailure: (error) =>
        result !== undefined
          ? toEffect(result)
          : Effect.fail(Disconnect.Failed({
            error: error instanceof IdentifyBudgetExhausted || error instanceof ShardError.DefectError
              ? error
              : queueError(error)
          })),
      onSuccess: () => toEffect(result)
    })
  })
