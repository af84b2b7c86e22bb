/**
 * Schemas of every event, to validate Discord's payloads at run time. They are tolerant: fields, enum values and flags
 * that the documentation does not know pass; a required field that is missing and a value of the wrong type do not.
 *
 * A schema is built on first use. Programs that trust Discord need not load this module.
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
 * The body of an event differs from Discord's documentation.
 *
 * @since 0.1.0
 * @category errors
 */
export class EventMismatch extends Schema.TaggedError<EventMismatch>("@vesper/model/EventMismatch")("EventMismatch", {
  event: Schema.String,
  /** The path in `d`, such as `["author", "id"]`. */
  path: Schema.Array(Schema.Union(Schema.String, Schema.Number)),
  /** The expected value. */
  expected: Schema.String,
  /** The actual value, shortened; "nothing" for a missing field. */
  actual: Schema.String
}) {
  override get message(): string {
    return `${[this.event, ...this.path].join(".")}: expected ${this.expected}, got ${this.actual}`
  }
}

type Validate<T extends EventType.EventType> = (d: unknown) => Either.Either<Dispatch.DataOf<T>, EventMismatch>

interface Compiled<T extends EventType.EventType> {
  readonly schema: Schema.Schema<Dispatch.DataOf<T>>
  readonly validate: Validate<T>
}

const compile = <T extends EventType.EventType>(type: T): Compiled<T> => {
  // The schemas are looser than discord-api-types, because they accept unknown enum values; type-level tests verify that
  // each of them accepts everything that the static type allows.
  const checked = events[type]() as Schema.Schema.AnyNoContext as Schema.Schema<Dispatch.DataOf<T>>
  const isValid = Schema.is(checked)
  const explain = ParseResult.validateEither(checked, { errors: "all" })
  return {
    schema: checked.annotations({ parseOptions: { onExcessProperty: "preserve" } }),
    validate: (d) => {
      if (isValid(d)) {
        return Either.right(d)
      }
      // Only an invalid value is searched for all mismatches.
      return Either.mapLeft(explain(d), (issue) => new EventMismatch({ event: type, ...Mismatch.first(issue) }))
    }
  }
}

const compiled = new Map<string, Compiled<never>>()

const get = <T extends EventType.EventType>(type: T): Compiled<T> => {
  const known = compiled.get(type)
  if (known !== undefined) {
    // The map holds under each type the schema of this type.
    return known as Compiled<T>
  }
  const made = compile(type)
  compiled.set(type, made as Compiled<never>)
  return made
}

/**
 * The schema of an event's body. It changes nothing: the encoded and the decoded side are the same, and decoding keeps
 * the fields that it does not know.
 *
 * @since 0.1.0
 * @category schemas
 */
export const of = <T extends EventType.EventType>(type: T): Schema.Schema<Dispatch.DataOf<T>> => get(type).schema

/**
 * Validates the body of an event and returns the same value. The validator of each event is compiled on first use.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import * as EventSchema from "@vesper/model/EventSchema"
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
export const validate = <T extends EventType.EventType>(type: T): Validate<T> => get(type).validate
