/**
 * Websockets of the package `ws`, which can pause, report the HTTP status of a refused upgrade, and be terminated.
 *
 * @since 0.1.0
 */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Http from "node:http"
import type * as Tls from "node:tls"
import * as Masking from "./internal/masking.js"
import * as internal from "./internal/webSocket.js"

/**
 * Options of Node's TLS. The peer's certificate is always verified, even with `NODE_TLS_REJECT_UNAUTHORIZED=0`; set `ca` to
 * trust a server with your own certificate.
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
 * Options of Node's websockets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The maximum time to open a connection. The shard has a deadline of its own, `ShardConfig.timeouts.open`; the shorter one
   * counts. Default: none.
   */
  readonly openTimeout?: Duration.DurationInput | undefined
  /** The maximum time for the peer's close frame, after which the connection is terminated. Default: 1 second. */
  readonly closeTimeout?: Duration.DurationInput | undefined
  /** The longest websocket message, in bytes; a longer one ends the connection. Default: 32 MiB. */
  readonly maxPayload?: number | undefined
  /** Default: Node's own. */
  readonly tls?: TlsOptions | undefined
  /**
   * The agent that opens connections: `new HttpsProxyAgent(url)` of the package `https-proxy-agent` uses an HTTP CONNECT
   * proxy, `new SocksProxyAgent(url)` of `socks-proxy-agent` a SOCKS proxy. For a proxy of the gateway itself see
   * `proxyUrl` of `ShardConfig`. Default: direct connections.
   */
  readonly agent?: Http.Agent | undefined
}

/**
 * Makes a `GatewaySocket` on Node. Throws in a bundle in which `ws` cannot send messages, with the remedy.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): GatewaySocket.GatewaySocket => {
  Masking.check()
  return GatewaySocket.make(internal.open({
    openTimeout: Option.map(Option.fromNullable(options.openTimeout), Duration.decode),
    closeTimeout: Duration.decode(options.closeTimeout ?? "1 second"),
    maxPayload: options.maxPayload ?? 32 * 1024 * 1024,
    tls: options.tls ?? {},
    agent: options.agent
  }))
}

/**
 * Provides a `GatewaySocket` on Node.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.sync(GatewaySocket.GatewaySocket, () => make(options))
