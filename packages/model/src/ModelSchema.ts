/**
 * Schemas of this package's values, for RPC, stores and configuration. They are apart from the values, because `effect/Schema`
 * doubles the modules that a program loads.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as CommandModule from "./Command.js"
import * as IntentsModule from "./Intents.js"
import * as PermissionsModule from "./Permissions.js"
import * as ShardIdModule from "./ShardId.js"
import * as SnowflakeModule from "./Snowflake.js"

const toResult = <A>(
  result: Either.Either<A, Error>,
  ast: AST.AST,
  input: unknown
): Either.Either<A, ParseResult.ParseIssue> =>
  Either.mapLeft(result, ({ message }) => new ParseResult.Type(ast, input, message))

/**
 * Schema of a snowflake.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Snowflake: Schema.Schema<SnowflakeModule.Snowflake, string> = Schema.String.pipe(
  Schema.filter(SnowflakeModule.is, { message: () => "expected a snowflake: a string of up to 20 digits" })
)

/**
 * Schema of a set of intents, from the number in IDENTIFY.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Intents: Schema.Schema<IntentsModule.Intents, number> = Schema.Number.pipe(
  Schema.filter(
    (bits): bits is IntentsModule.Intents => Either.isRight(IntentsModule.fromBits(bits)),
    { message: () => "expected a set of intents: a whole number of 0 or more" }
  )
)

/**
 * Schema of permissions, from the string that Discord sends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Permissions: Schema.Schema<PermissionsModule.Permissions, string> = Schema.transformOrFail(
  Schema.String,
  Schema.declare(
    (value): value is PermissionsModule.Permissions =>
      typeof value === "bigint" && Either.isRight(PermissionsModule.fromBits(value)),
    {
      identifier: "Permissions",
      arbitrary: () => (fc) =>
        fc.bigInt({ min: 0n, max: 2n ** 80n }).map((bits) => Either.getOrThrow(PermissionsModule.fromBits(bits)))
    }
  ),
  {
    strict: true,
    decode: (text, _options, ast) => toResult(PermissionsModule.fromString(text), ast, text),
    encode: (self) => ParseResult.succeed(PermissionsModule.toString(self))
  }
)

/**
 * Schema of a shard id, from its fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ShardId: Schema.Schema<ShardIdModule.ShardId, { readonly id: number; readonly total: number }> = Schema
  .transformOrFail(
    Schema.Struct({ id: Schema.Number, total: Schema.Number }),
    Schema.instanceOf(ShardIdModule.ShardId),
    {
      strict: true,
      decode: (shard, _options, ast) => toResult(ShardIdModule.make(shard.id, shard.total), ast, shard),
      encode: ({ id, total }) => ParseResult.succeed({ id, total })
    }
  )

/**
 * Schema of a shard id, from the pair that Discord writes: `[id, total]`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ShardIdFromPair: Schema.Schema<ShardIdModule.ShardId, readonly [id: number, total: number]> = Schema
  .transform(
    Schema.Tuple(Schema.Number, Schema.Number),
    ShardId,
    {
      strict: true,
      decode: ([id, total]) => ({ id, total }),
      encode: ({ id, total }) => [id, total] as const
    }
  )

/**
 * Schema of a command that a program sends. Both sides are the payload itself, without unknown fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command: Schema.Schema<CommandModule.Command> = Schema.declare([], {
  decode: () => (payload, _options, ast) => toResult(CommandModule.validate(payload), ast, payload),
  encode: () => (payload, _options, ast) => toResult(CommandModule.validate(payload), ast, payload)
}, { identifier: "Command" })
