/**
 * Messages to the gateway. Each is encoded and measured once, and carried in this form from the caller to the socket.
 */
import * as Command from "@vesper/model/Command"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as ShardError from "../../ShardError.js"
import * as Kind from "./kind.js"

/** A message as it is written. */
export interface Outgoing {
  /** The name of the message in errors. */
  readonly subject: ShardError.SendingMessageError["subject"]
  readonly text: string
  /** Bytes of the text in UTF-8. */
  readonly bytes: number
}

/** A command of the program. */
export interface OutgoingCommand extends Outgoing {
  readonly subject: "command"
  /** The value that the text is the JSON of. */
  readonly payload: unknown
  readonly kind: Kind.Kind
}

type Made = Either.Either<OutgoingCommand, ShardError.SendError>

const encoder = new TextEncoder()

const invalid = (cause: unknown) => new ShardError.SendError({ reason: "Serializing", cause })

const measured = (payload: unknown, text: string): Made => {
  const bytes = encoder.encode(text).length
  return bytes > Command.maxBytes
    ? Either.left(
      new ShardError.SendError({
        reason: "TooLarge",
        cause: new Error(`it has ${bytes} bytes, Discord takes ${Command.maxBytes}; split it or leave something out`)
      })
    )
    : Either.right({ subject: "command", payload, text, bytes, kind: Kind.of(payload) })
}

const stringified = (payload: unknown): Made =>
  Either.flatMap(Either.try({ try: () => JSON.stringify(payload), catch: invalid }), (text) => measured(payload, text))

const encodeCommand = Schema.encodeSync(Command.Command)

/** Checks and encodes a command that the program may have built without a constructor. */
export const fromCommand = (command: Command.Command): Made =>
  Either.flatMap(Either.try({ try: () => encodeCommand(command), catch: invalid }), stringified)

/** Encodes the result of a constructor of `Command`, which has checked it. */
export const fromConstructor = (made: Either.Either<Command.Command, Command.InvalidCommand>): Made =>
  Either.flatMap(Either.mapLeft(made, invalid), stringified)

/** Takes a command that is JSON already. */
export const fromJson = (json: string): Made =>
  Either.flatMap(
    Either.try({ try: (): unknown => JSON.parse(json), catch: invalid }),
    (payload) => measured(payload, json)
  )

/** Encodes a presence that was checked when it was given. */
export const presence = (d: Command.Presence): Made => fromConstructor(Command.updatePresence(d))

/** Measures an IDENTIFY or RESUME. The text contains the token. */
export const handshake = (subject: "identify" | "resume", text: string): Outgoing => ({
  subject,
  text,
  bytes: encoder.encode(text).length
})

export const heartbeat = (sequence: number | null): Outgoing => {
  const text = Command.encode(Command.heartbeat(sequence))
  // All of it is ASCII, one byte a character.
  return { subject: "heartbeat", text, bytes: text.length }
}
