/**
 * Transport compression with node:zlib, which needs no addon.
 *
 * @since 0.1.0
 */
import * as Decompressor from "@vesper/gateway/Decompressor"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Inflaters from "./internal/inflaters.js"
import * as ZlibStream from "./internal/zlibStream.js"

/**
 * The largest gateway message that is accepted by default: 32 MiB, some times the largest guild.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxMessageBytes = 32 * 1024 * 1024

/**
 * zlib-stream, inflated in the same tick as the frame arrives. A message that would grow past `maxMessageBytes` is
 * refused before memory grows.
 *
 * @see https://docs.discord.com/developers/events/gateway#transport-compression
 * @since 0.1.0
 * @category constructors
 */
export const makeZlib = (options: {
  /** Default: 32 MiB. */
  readonly maxMessageBytes?: number | undefined
} = {}): Decompressor.Decompressor => {
  const { maxMessageBytes = defaultMaxMessageBytes } = options
  return Decompressor.make(
    "zlib-stream",
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => Inflaters.makeHandle(maxMessageBytes) ?? Inflaters.makeDocumented(maxMessageBytes)),
        (context) => Effect.sync(context.close)
      ),
      (context) => ZlibStream.make(context, maxMessageBytes)
    )
  )
}

/**
 * Lets the shards ask the gateway for zlib-stream.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerZlib = (options: {
  /** Default: 32 MiB. */
  readonly maxMessageBytes?: number | undefined
} = {}): Layer.Layer<never> => Decompressor.layer(makeZlib(options))
