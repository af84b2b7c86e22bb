/**
 * Messages of a shard as they were received.
 *
 * @since 0.1.0
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Data from "effect/Data"
import type * as Option from "effect/Option"

/**
 * - `Text`: one decompressed gateway payload as JSON text: dispatches that the shard wants, and all control payloads.
 * - `Close`: a connection has ended, with the peer's close frame or, if it was lost, without one.
 *
 * @since 0.1.0
 * @category models
 */
export type Message = Data.TaggedEnum<{
  Text: { readonly text: string }
  Close: { readonly frame: Option.Option<CloseFrame.CloseFrame> }
}>

const message = Data.taggedEnum<Message>()

/**
 * Constructors of messages.
 *
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  Close,
  /** @since 0.1.0 */
  Text
} = message

/**
 * Handles each kind of message by its tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = message.$match

/**
 * Returns true for `Text`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isText: (self: Message) => self is Extract<Message, { readonly _tag: "Text" }> = message.$is("Text")

/**
 * Returns true for `Close`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isClose: (self: Message) => self is Extract<Message, { readonly _tag: "Close" }> = message.$is("Close")
