/** Messages to the gateway. Each is validated, encoded and measured once, against the limit of 4096 bytes. */
import * as Command from "@vesper/model/Command"
import * as Either from "effect/Either"
import * as ShardError from "../../ShardError.js"
import * as Kind from "./kind.js"

/** An encoded message. */
export interface Outgoing {
  /** Names the message in errors. */
  readonly subject: ShardError.SendingMessageError["subject"]
  readonly text: string
  /** Bytes of the text in UTF-8. */
  readonly bytes: number
}

/** A command of the program. */
export interface OutgoingCommand extends Outgoing {
  readonly subject: "command"
  /** The decoded value of the text. */
  readonly payload: unknown
  readonly kind: Kind.CommandKind
}

type EncodeResult = Either.Either<OutgoingCommand, ShardError.SendError>

const encoder = new TextEncoder()

const invalid = (cause: unknown) => new ShardError.SendError({ reason: "Serializing", cause })

const measure = (payload: unknown, text: string): EncodeResult => {
  const bytes = encoder.encode(text).length
  return bytes > Command.maxBytes
    ? Either.left(
      new ShardError.SendError({
        reason: "TooLarge",
        cause: new Error(`it has ${bytes} bytes, and Discord accepts ${Command.maxBytes}; split it or omit a part`)
      })
    )
    : Either.right({ subject: "command", payload, text, bytes, kind: Kind.of(payload) })
}

const stringify = (payload: unknown): EncodeResult =>
  Either.flatMap(Either.try({ try: () => JSON.stringify(payload), catch: invalid }), (text) => measure(payload, text))

/** Validates and encodes a command that the program may have built without a constructor. */
export const fromCommand = (command: Command.Command): EncodeResult => fromValidated(Command.validate(command))

/** Encodes a command that `Command` has validated. */
export const fromValidated = (constructed: Either.Either<Command.Command, Command.InvalidCommand>): EncodeResult =>
  Either.flatMap(Either.mapLeft(constructed, invalid), stringify)

/** Parses a command that is JSON text, to find its kind. The text is sent unchanged. */
export const fromJson = (json: string): EncodeResult =>
  Either.flatMap(
    Either.try({ try: (): unknown => JSON.parse(json), catch: invalid }),
    (payload) => measure(payload, json)
  )

export const presence = (d: Command.PresenceOptions): EncodeResult => fromValidated(Command.updatePresence(d))

/** Measures an IDENTIFY or RESUME. The text contains the token. */
export const handshake = (subject: "identify" | "resume", text: string): Outgoing => ({
  subject,
  text,
  bytes: encoder.encode(text).length
})

export const heartbeat = (sequence: number | null): Outgoing => {
  const text = Command.encode(Command.heartbeat(sequence))
  // The text is ASCII: one byte for each character.
  return { subject: "heartbeat", text, bytes: text.length }
}
