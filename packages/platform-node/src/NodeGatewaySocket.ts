/**
 * Websockets by `ws`, which can pause, tell the HTTP status of a refused upgrade, and be cut.
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
 * What Node's TLS may be told. The peer's certificate is always verified, whatever `NODE_TLS_REJECT_UNAUTHORIZED` says:
 * a server with a certificate of your own is trusted by giving that as `ca`.
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
  /** Default: Node's own. */
  readonly tls?: TlsOptions | undefined
  /**
   * How connections are made: `new HttpsProxyAgent(url)` of the package `https-proxy-agent` goes through a proxy that
   * speaks HTTP CONNECT, `new SocksProxyAgent(url)` of `socks-proxy-agent` through a SOCKS proxy. For a proxy of the
   * gateway itself see `proxyUrl` of `ShardConfig`. Default: directly.
   */
  readonly agent?: Http.Agent | undefined
}

/**
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
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.succeed(GatewaySocket.GatewaySocket, make(options))
