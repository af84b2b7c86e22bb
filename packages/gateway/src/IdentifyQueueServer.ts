/**
 * Shares one identify queue between processes in any language: `GET /?shard=3` is answered when shard 3 may identify. The
 * protocol is that of twilight-http-queue.
 *
 * A permit is spent when it is answered, because the server does not receive the IDENTIFY. The served queue needs an interval
 * above 5 seconds (`defaultInterval`), so that answers with different latencies are far enough apart. A client that closes
 * the request passes its permit on.
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
 * The interval of a queue that is shared over HTTP: Discord's 5 seconds, and one second for the network.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.seconds(6)

const problem = (status: number, message: string) => HttpServerResponse.unsafeJson({ message }, { status })

/** Parses a shard id. The total does not affect the bucket. */
const parseShard = (text: string | null): Option.Option<ShardId.ShardId> => {
  const id = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined
  return id === undefined ? Option.none() : Option.getRight(ShardId.make(id, id + 1))
}

const awaitPermit = (queue: IdentifyQueue.IdentifyQueue, shard: ShardId.ShardId) =>
  // The platform runs requests uninterruptible.
  Effect.interruptible(queue.withPermit(shard)(Effect.void)).pipe(
    Effect.as(HttpServerResponse.empty({ status: 200 })),
    Effect.catchTag("IdentifyBudgetExhausted", (error) => Effect.succeed(problem(503, error.message)))
  )

const toWire = (budget: IdentifyQueue.IdentifyBudget) => ({
  ...budget,
  resetsAt: Option.getOrUndefined(budget.resetsAt)
})

const budget = (queue: IdentifyQueue.IdentifyQueue) =>
  Effect.map(
    queue.budget,
    (budget) => HttpServerResponse.unsafeJson({ budget: Option.getOrNull(Option.map(budget, toWire)) })
  )

/**
 * Makes an app that answers `GET /?shard=N` when the shard may identify, and `GET /budget` with the budget of the day. Any
 * server of @effect/platform can serve it. It has no access control, so bind it to a private address.
 *
 * @example
 * ```ts
 * import { HttpApp } from "@effect/platform"
 * import { IdentifyQueue } from "@vesper/gateway"
 * import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
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
    if (!URL.canParse(request.url, "http://queue")) {
      return Effect.succeed(problem(400, "the URL is not valid: use GET /?shard=0"))
    }
    const { pathname, searchParams } = new URL(request.url, "http://queue")
    if (request.method !== "GET") {
      return Effect.succeed(problem(405, "only GET is supported"))
    }
    if (pathname === "/budget") {
      return budget(queue)
    }
    if (pathname !== "/") {
      return Effect.succeed(problem(404, "use GET /?shard=0 for a permit, or GET /budget for the budget of today"))
    }
    return Option.match(parseShard(searchParams.get("shard")), {
      onNone: () => Effect.succeed(problem(400, "the shard is missing or not a whole number: use GET /?shard=0")),
      onSome: (shard) => awaitPermit(queue, shard)
    })
  })

/**
 * The app of the queue in the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpApp: HttpApp.Default<never, IdentifyQueue.IdentifyQueue> = Effect.flatMap(
  IdentifyQueue.IdentifyQueue,
  make
)
