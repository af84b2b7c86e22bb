/**
 * The shape of every event, to check at run time what Discord sends. Tolerant by rule: fields, enum values and flags
 * that the documentation does not know pass; a required field that is missing and a value of the wrong type do not.
 *
 * A schema is built when it is first asked for. Programs that trust Discord need not load this module at all.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Dispatch from "./Dispatch.js"
import type * as EventType from "./EventType.js"
import { events } from "./internal/events.js"
import * as Mismatch from "./internal/mismatch.js"

/**
 * The body of an event is not what Discord documents.
 *
 * @since 0.1.0
 * @category errors
 */
export class EventMismatch extends Schema.TaggedError<EventMismatch>("@vesper/model/EventMismatch")("EventMismatch", {
  event: Schema.String,
  /** Where in `d`, such as `["author", "id"]`. */
  path: Schema.Array(Schema.Union(Schema.String, Schema.Number)),
  /** What should be there. */
  expected: Schema.String,
  /** What is there, shortened; "nothing" for a missing field. */
  actual: Schema.String
}) {
  override get message(): string {
    return `${[this.event, ...this.path].join(".")}: expected ${this.expected}, got ${this.actual}`
  }
}

/**
 * The schema of an event's body. It changes nothing: encoded and decoded side are the same.
 *
 * @since 0.1.0
 * @category schemas
 */
export const of = <T extends EventType.EventType>(type: T): Schema.Schema<Dispatch.DataOf<T>> =>
  // The schemas are looser than discord-api-types, for they let unknown enum values pass; the type-level tests hold
  // that each of them takes everything that the static type allows.
  events[type]() as Schema.Schema.AnyNoContext as Schema.Schema<Dispatch.DataOf<T>>

type Validate<T extends EventType.EventType> = (d: unknown) => Either.Either<Dispatch.DataOf<T>, EventMismatch>

const makeValidate = <T extends EventType.EventType>(type: T): Validate<T> => {
  const schema = of(type)
  const isValid = Schema.is(schema)
  const explain = ParseResult.validateEither(schema, { errors: "all" })
  return (d) => {
    if (isValid(d)) {
      return Either.right(d)
    }
    // Only what is wrong pays for the search of everything that is wrong with it.
    const explained = explain(d)
    return Either.isRight(explained)
      ? Either.right(explained.right)
      : Either.left(new EventMismatch({ event: type, ...Mismatch.first(explained.left) }))
  }
}

const validators = new Map<string, Validate<never>>()

/**
 * Checks the body of an event and gives back the very same value. Compiled once for each event, when first asked for.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { EventSchema } from "@vesper/model"
 * import { Either } from "effect"
 *
 * const result = EventSchema.validate("TYPING_START")({ channel_id: "1", user_id: 5, timestamp: 1 })
 * assert.strictEqual(
 *   Either.isLeft(result) && result.left.message,
 *   "TYPING_START.user_id: expected a snowflake, got 5"
 * )
 * ```
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = <T extends EventType.EventType>(type: T): Validate<T> => {
  const known = validators.get(type)
  if (known !== undefined) {
    // What the map holds under a type was made for this type.
    return known as Validate<T>
  }
  const made = makeValidate(type)
  validators.set(type, made as Validate<never>)
  return made
}
