/**
 * Transport compression with node:zlib.
 *
 * @since 0.1.0
 */
export * as NodeDecompressor from "./NodeDecompressor.js"

/**
 * A shard on Node, in one line.
 *
 * @since 0.1.0
 */
export * as NodeGateway from "./NodeGateway.js"

/**
 * Websockets by ws.
 *
 * @since 0.1.0
 */
export * as NodeGatewaySocket from "./NodeGatewaySocket.js"
