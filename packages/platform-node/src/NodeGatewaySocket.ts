/**
 * Websockets by `ws`, which can pause, tell the HTTP status of a refused upgrade, and be cut.
 *
 * @since 0.1.0
 */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as internal from "./internal/webSocket.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long opening may take. The shard has a deadline of its own, `ShardConfig.timeouts.open`; the shorter one
   * counts. Default: none.
   */
  readonly openTimeout?: Duration.DurationInput | undefined
  /** How long the peer may take to answer a close frame before the connection is cut. Default: 1 second. */
  readonly closeTimeout?: Duration.DurationInput | undefined
  /** The longest websocket message, in bytes; a longer one ends the connection. Default: 32 MiB. */
  readonly maxPayload?: number | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): GatewaySocket.GatewaySocket =>
  GatewaySocket.make(internal.open({
    openTimeout: options.openTimeout === undefined ? Duration.infinity : Duration.decode(options.openTimeout),
    closeTimeout: Duration.decode(options.closeTimeout ?? "1 second"),
    maxPayload: options.maxPayload ?? 32 * 1024 * 1024
  }))

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.succeed(GatewaySocket.GatewaySocket, make(options))
