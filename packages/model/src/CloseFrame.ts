/**
 * The last message of a websocket: a code and a reason. The code that a client sends ends its session or keeps it.
 *
 * @see https://docs.discord.com/developers/events/gateway#initiating-a-disconnect
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"

/**
 * A close frame: a code and a reason.
 *
 * @since 0.1.0
 * @category models
 */
export interface CloseFrame {
  readonly code: number
  readonly reason: string
}

/**
 * The effect on the session: kept for a resume, or ended, with the bot offline at once.
 *
 * @since 0.1.0
 * @category models
 */
export type CloseIntent = "KeepSession" | "EndSession"

/**
 * Not a close frame that a client may send.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCloseFrame extends Data.TaggedError("InvalidCloseFrame")<{
  readonly code: number
  readonly problem: string
}> {
  override get message(): string {
    return `close frame ${this.code} cannot be sent: ${this.problem}`
  }
}

/**
 * Ends the session.
 *
 * @since 0.1.0
 * @category constants
 */
export const NORMAL: CloseFrame = { code: 1000, reason: "closing connection" }

/**
 * Keeps the session for a resume.
 *
 * @since 0.1.0
 * @category constants
 */
export const RESUME: CloseFrame = { code: 4000, reason: "resuming connection" }

/**
 * The longest reason that fits into a close frame, in bytes of UTF-8.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxReasonBytes = 123

/**
 * A frame that a client may send: code 1000, 1001 or 3000 to 4999, and a reason of at most 123 bytes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { CloseFrame } from "@vesper/model"
 * import { Either } from "effect"
 *
 * assert.deepStrictEqual(CloseFrame.make(4900, "deploy"), Either.right({ code: 4900, reason: "deploy" }))
 * assert.ok(Either.isLeft(CloseFrame.make(1006)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (code: number, reason = ""): Either.Either<CloseFrame, InvalidCloseFrame> => {
  if (!(code === 1000 || code === 1001 || (Number.isInteger(code) && code >= 3000 && code <= 4999))) {
    return Either.left(new InvalidCloseFrame({ code, problem: "use 1000, 1001, or a code from 3000 to 4999" }))
  }
  const bytes = new TextEncoder().encode(reason).length
  return bytes > maxReasonBytes
    ? Either.left(
      new InvalidCloseFrame({
        code,
        problem: `its reason has ${bytes} bytes; shorten it to ${maxReasonBytes}`
      })
    )
    : Either.right({ code, reason })
}

/**
 * The frame for an intent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromIntent = (intent: CloseIntent): CloseFrame => intent === "EndSession" ? NORMAL : RESUME

/**
 * Returns the effect of a client's frame on its session: 1000 and 1001 end it, every other code keeps it.
 *
 * @since 0.1.0
 * @category getters
 */
export const intent = (frame: CloseFrame): CloseIntent =>
  frame.code === 1000 || frame.code === 1001 ? "EndSession" : "KeepSession"
