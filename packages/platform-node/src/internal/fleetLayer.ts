/** Fleets on Node. Loaded on demand, because a bot of one shard needs neither a fleet nor an HTTP client. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Fleet from "@vesper/gateway/Fleet"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { FleetOptions } from "../NodeGateway.js"

/** A fleet, its identify queue and the HTTP API, on the websocket and the config of the context. */
export const make = (
  { apiUrl, connect, httpClient = FetchHttpClient.layer, reconnects, reserve, shards = "recommended" }: FleetOptions
) => {
  const api = Layer.unwrapEffect(
    Effect.map(ShardConfig.ShardConfig, ({ token }) => GatewayApi.layer({ token, baseUrl: apiUrl }))
  ).pipe(Layer.provide(httpClient))
  const fleet = shards === "recommended"
    ? Fleet.layer({ shards, reconnects, connect })
    : Fleet.layer({ shards, reconnects, connect })
  return fleet.pipe(
    Layer.provide(IdentifyQueue.layerFromApi({ reserve })),
    Layer.provideMerge(api)
  )
}
