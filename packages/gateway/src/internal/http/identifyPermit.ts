/** Waits for a permit of a queue in another process, over HTTP. Loaded on demand, because it loads the HTTP client. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as ShardMetrics from "../../ShardMetrics.js"
import { backoff, Monotonic } from "../time/index.js"

class NoPermit extends Data.TaggedError("NoPermit")<{ readonly reason: string }> {}

const backoffBase = 500
const backoffMax = 30_000

const ask = (client: HttpClient.HttpClient, url: URL): Effect.Effect<void, NoPermit> =>
  Effect.scoped(Effect.flatMap(
    Effect.mapError(client.get(url), ({ message }) => new NoPermit({ reason: message })),
    ({ status }) =>
      status >= 200 && status < 300 ? Effect.void : Effect.fail(new NoPermit({ reason: `status ${status}` }))
  ))

/** Waits for the shard's permit, and repeats the request until the queue answers. */
const awaitPermit = (
  client: HttpClient.HttpClient,
  base: string,
  shard: number
): Effect.Effect<void> => {
  const url = new URL(base)
  url.searchParams.set("shard", String(shard))
  const attempt = (attempts: number): Effect.Effect<void> =>
    Effect.catchAll(ask(client, url), ({ reason }) =>
      Effect.flatMap(Random.next, (random) => {
        const wait = backoff(backoffBase, backoffMax, attempts, random)
        return Effect.logWarning(
          `the identify queue did not answer shard ${shard} (${reason}); repeating the request in ` +
            Duration.format(Duration.millis(wait))
        ).pipe(
          Effect.zipRight(Effect.sleep(wait)),
          Effect.zipRight(attempt(attempts + 1))
        )
      }))
  return Effect.flatMap(Monotonic.currentMillis, (since) =>
    Effect.zipRight(
      attempt(1),
      Effect.flatMap(Monotonic.currentMillis, (now) => Metric.update(ShardMetrics.identifyWait, (now - since) / 1000))
    ))
}

export const make = (base: string) =>
  Effect.map(HttpClient.HttpClient, (client) => (shard: number) => awaitPermit(client, base, shard))
