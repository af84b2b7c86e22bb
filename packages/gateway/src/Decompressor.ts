/**
 * Decompresses Discord's transport compression. The layer selects the compression that a shard requests. Default: none.
 *
 * @see https://docs.discord.com/developers/events/gateway#transport-compression
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * The value of the `compress` query parameter.
 *
 * @since 0.1.0
 * @category models
 */
export type Compression = "zlib-stream" | "zstd-stream"

/**
 * The decompression context of one connection. The connection's scope releases it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inflater {
  /**
   * Decompresses one binary websocket message. Returns the UTF-8 bytes of the gateway message that it completes, or `undefined`
   * while more messages are needed. The bytes are valid until the next call on any context of the process, because contexts may
   * share one buffer.
   *
   * Throws if the data cannot be decompressed or exceeds the limit of its layer. The context must not be used after that.
   */
  readonly inflate: (frame: Uint8Array) => Uint8Array | undefined
  /** The number of compressed bytes so far. */
  readonly bytesIn: () => number
  /** The number of decompressed bytes so far. */
  readonly bytesOut: () => number
}

/**
 * A compression and its inflaters.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decompressor {
  /** The compression to request; none for text messages. */
  readonly compression: Option.Option<Compression>
  /** Makes the context of one connection; none without compression. */
  readonly make: Effect.Effect<Option.Option<Inflater>, never, Scope.Scope>
}

/**
 * No compression.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Decompressor = { compression: Option.none(), make: Effect.succeed(Option.none()) }

/**
 * The decompressor of the shards that are made with this reference. Default: no compression.
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentDecompressor extends Context.Reference<CurrentDecompressor>()("@vesper/gateway/Decompressor", {
  defaultValue: (): Decompressor => none
}) {}

/**
 * Makes a decompressor from a compression and the constructor of its contexts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  compression: Compression,
  inflater: Effect.Effect<Inflater, never, Scope.Scope>
): Decompressor => ({
  compression: Option.some(compression),
  make: Effect.map(inflater, Option.some)
})

/**
 * Provides a decompressor.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (decompressor: Decompressor): Layer.Layer<never> =>
  Layer.succeed(CurrentDecompressor, decompressor)

/**
 * Disables compression.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNone: Layer.Layer<never> = layer(none)
