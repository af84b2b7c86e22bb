/**
 * Undoes Discord's transport compression. The layer chooses the compression: a shard asks the gateway for what its
 * `Decompressor` reads, and for none if no layer is given.
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
 * The decompression context of one connection. It dies with the connection's scope, so that no byte of an old
 * connection can reach a new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Inflater {
  /**
   * Takes one binary websocket message and gives the UTF-8 bytes of the gateway message that it completes, or
   * `undefined` while more messages are needed. The bytes are valid until the next call on any context of the process,
   * for all may share one buffer: use them in the same tick.
   *
   * Synchronous, for it runs in the socket's callback. It throws when the data cannot be decompressed or would grow
   * past the limit of its layer; the context is of no use after that.
   */
  readonly inflate: (frame: Uint8Array) => Uint8Array | undefined
  /** Compressed bytes taken so far. */
  readonly bytesIn: () => number
  /** Decompressed bytes given so far. */
  readonly bytesOut: () => number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Decompressor {
  /** What to ask the gateway for; none means text messages. */
  readonly compression: Option.Option<Compression>
  /** A fresh context for one connection; none where there is no compression. */
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
 * A reference, so that a program which gives no layer talks to the gateway without compression.
 *
 * @since 0.1.0
 * @category tags
 */
export class Current extends Context.Reference<Current>()("@vesper/gateway/Decompressor", {
  defaultValue: (): Decompressor => none
}) {}

/**
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
 * @since 0.1.0
 * @category layers
 */
export const layer = (decompressor: Decompressor): Layer.Layer<never> => Layer.succeed(Current, decompressor)

/**
 * @since 0.1.0
 * @category layers
 */
export const layerNone: Layer.Layer<never> = layer(none)
