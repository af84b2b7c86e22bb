/**
 * Websockets by `ws`. They can be paused and terminated, and report the HTTP status of a refused upgrade.
 *
 * @since 0.1.0
 */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Http from "node:http"
import type * as Tls from "node:tls"
import * as internal from "./internal/webSocket.js"

/**
 * TLS options of Node. The certificate of the peer is always verified, and `NODE_TLS_REJECT_UNAUTHORIZED` has no effect.
 * To trust a certificate of your own, pass it as `ca`.
 *
 * @see https://nodejs.org/api/tls.html#tlsconnectoptions-callback
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions extends
  Pick<
    Tls.ConnectionOptions,
    "ca" | "cert" | "ciphers" | "key" | "maxVersion" | "minVersion" | "passphrase" | "pfx" | "servername"
  >
{}

/**
 * Options of the websocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Timeout of opening. The shard has a timeout of its own, `ShardConfig.timeouts.open`; the shorter one applies.
   * Default: none.
   */
  readonly openTimeout?: Duration.DurationInput | undefined
  /** Time in which the peer must answer a close frame before the connection is terminated. Default: 1 second. */
  readonly closeTimeout?: Duration.DurationInput | undefined
  /** Longest websocket message, in bytes. A longer one closes the connection. Default: 32 MiB. */
  readonly maxPayload?: number | undefined
  /** TLS options. Default: those of Node. */
  readonly tls?: TlsOptions | undefined
  /**
   * Agent that opens the connections: `new HttpsProxyAgent(url)` of the package `https-proxy-agent` for an HTTP CONNECT
   * proxy, `new SocksProxyAgent(url)` of `socks-proxy-agent` for a SOCKS proxy. For a proxy of the gateway itself, see
   * `proxyUrl` of `ShardConfig`. Default: direct connections.
   */
  readonly agent?: Http.Agent | undefined
}

/**
 * Makes a gateway socket on `ws`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): GatewaySocket.GatewaySocket =>
  GatewaySocket.make(internal.open({
    openTimeout: Option.map(Option.fromNullable(options.openTimeout), Duration.decode),
    closeTimeout: Duration.decode(options.closeTimeout ?? "1 second"),
    maxPayload: options.maxPayload ?? 32 * 1024 * 1024,
    tls: options.tls ?? {},
    agent: options.agent
  }))

/**
 * Provides a gateway socket on `ws`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.succeed(GatewaySocket.GatewaySocket, make(options))
