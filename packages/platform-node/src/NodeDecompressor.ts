/**
 * Transport compression with node:zlib, which needs no addon.
 *
 * @since 0.1.0
 */
import * as Decompressor from "@vesper/gateway/Decompressor"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Inflaters from "./internal/inflate.js"
import * as ZlibStream from "./internal/zlibFrames.js"
import * as ZstdLibrary from "./internal/zstdLibrary.js"
import * as ZstdStream from "./internal/zstdFrames.js"

/**
 * The largest gateway message that is accepted by default: 32 MiB, some times the largest guild.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxMessageBytes = 32 * 1024 * 1024

/**
 * Options of a decompressor.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A message that would grow past this is refused before memory grows. Default: 32 MiB. */
  readonly maxMessageBytes?: number | undefined
}

const make = (
  compression: Decompressor.Compression,
  makeContext: (maxMessageBytes: number) => Inflaters.Context,
  makeInflater: (context: Inflaters.Context, maxMessageBytes: number) => Decompressor.Inflater,
  { maxMessageBytes = defaultMaxMessageBytes }: Options
): Decompressor.Decompressor =>
  Decompressor.make(
    compression,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => makeContext(maxMessageBytes)),
        (context) => Effect.sync(context.close)
      ),
      (context) => makeInflater(context, maxMessageBytes)
    )
  )

/**
 * zlib-stream, inflated in the same tick as the frame arrives.
 *
 * @see https://docs.discord.com/developers/events/gateway#transport-compression
 * @since 0.1.0
 * @category constructors
 */
export const makeZlib = (options: Options = {}): Decompressor.Decompressor =>
  make(
    "zlib-stream",
    (limit) => Inflaters.makeHandle(limit) ?? Inflaters.makeDocumented(limit),
    ZlibStream.make,
    options
  )

/**
 * True if this Node decompresses zstd natively (22.15 and newer), at a lower cost than zlib.
 *
 * @since 0.1.0
 * @category constants
 */
export const hasNativeZstd: boolean = (() => {
  const probe = Inflaters.makeZstdHandle(1024)
  probe?.close()
  return probe !== undefined
})()

/**
 * zstd-stream, decompressed in the same tick as the frame arrives. By node:zlib if it supports zstd, otherwise in JavaScript,
 * at about ten times the cost. A frame that wants a window of more than 8 MiB is refused.
 *
 * @see https://docs.discord.com/developers/events/gateway#transport-compression
 * @since 0.1.0
 * @category constructors
 */
export const makeZstd = (options: Options = {}): Decompressor.Decompressor =>
  make(
    "zstd-stream",
    (limit) => Inflaters.makeZstdHandle(limit) ?? ZstdLibrary.make(limit),
    ZstdStream.make,
    options
  )

/**
 * The cheapest compression for this Node: zstd-stream if it decompresses zstd natively, zlib-stream otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAuto = (options: Options = {}): Decompressor.Decompressor =>
  hasNativeZstd ? makeZstd(options) : makeZlib(options)

/**
 * Requests zlib-stream from the gateway.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerZlib = (options: Options = {}): Layer.Layer<never> => Decompressor.layer(makeZlib(options))

/**
 * Requests zstd-stream from the gateway.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerZstd = (options: Options = {}): Layer.Layer<never> => Decompressor.layer(makeZstd(options))

/**
 * Requests the cheapest compression for this Node from the gateway.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuto = (options: Options = {}): Layer.Layer<never> => Decompressor.layer(makeAuto(options))
