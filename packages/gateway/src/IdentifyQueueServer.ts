/**
 * Shares one identify queue between processes, in any language: `GET /?shard=3` is answered when shard 3 may identify.
 * Clients of twilight-http-queue ask the same way.
 *
 * A turn is spent once it was answered, because the server does not see the identify: give the queue that it serves an
 * interval above 5 seconds (`defaultInterval`), so that a slow answer and a fast one are far enough apart. A client that
 * closes the request while it waits passes its place on.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as IdentifyQueue from "./IdentifyQueue.js"

/**
 * The interval of a queue that is shared over HTTP: Discord's 5 seconds, and one for the network.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.seconds(6)

const problem = (status: number, message: string) => HttpServerResponse.unsafeJson({ message }, { status })

/** Only a whole number is a shard. Its bucket follows from its id alone, whatever its total. */
const shardOf = (text: string | null): Option.Option<ShardId.ShardId> => {
  const id = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined
  return id === undefined ? Option.none() : Option.getRight(ShardId.make(id, id + 1))
}

const awaitTurn = (queue: IdentifyQueue.IdentifyQueue, shard: ShardId.ShardId) =>
  // The platform runs requests so that they cannot be interrupted, unless they say that they can.
  Effect.interruptible(queue.withPermit(shard)(Effect.void)).pipe(
    Effect.as(HttpServerResponse.empty({ status: 200 })),
    Effect.catchTag("IdentifyBudgetExhausted", (error) => Effect.succeed(problem(503, error.message)))
  )

const budget = (queue: IdentifyQueue.IdentifyQueue) =>
  Effect.map(queue.budget, (budget) => HttpServerResponse.unsafeJson({ budget: Option.getOrNull(budget) }))

/**
 * Answers `GET /?shard=N` when the shard may identify, and `GET /budget` with the day's budget. Any of the platform's
 * servers can serve it. It has no access control: let it listen where only your own processes can connect.
 *
 * @example
 * ```ts
 * import { HttpApp } from "@effect/platform"
 * import { IdentifyQueue, IdentifyQueueServer } from "@vesper/gateway"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
 *   const handler = HttpApp.toWebHandler(IdentifyQueueServer.make(queue))
 *   const response = yield* Effect.promise(() => handler(new Request("http://queue/?shard=0")))
 *   yield* Effect.log(response.status)
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (queue: IdentifyQueue.IdentifyQueue): HttpApp.Default =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { pathname, searchParams } = new URL(request.url, "http://queue")
    if (request.method !== "GET") {
      return Effect.succeed(problem(405, "only GET is understood"))
    }
    if (pathname === "/budget") {
      return budget(queue)
    }
    if (pathname !== "/") {
      return Effect.succeed(problem(404, "ask GET /?shard=0 for a turn, or GET /budget for what is left today"))
    }
    return Option.match(shardOf(searchParams.get("shard")), {
      onNone: () => Effect.succeed(problem(400, "the shard is missing or no whole number: ask GET /?shard=0")),
      onSome: (shard) => awaitTurn(queue, shard)
    })
  })

/**
 * The same with the queue from the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpApp: HttpApp.Default<never, IdentifyQueue.IdentifyQueue> = Effect.flatMap(
  IdentifyQueue.IdentifyQueue,
  make
)
