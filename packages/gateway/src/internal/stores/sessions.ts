/** Stores sessions in a `KeyValueStore`. Loaded on demand, because it loads `effect/Schema`. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as GatewaySchema from "../../GatewaySchema.js"
import type { Key, SessionStore, SessionStoreError } from "../../SessionStore.js"

/** The value of a key. The slot with the greater number is newer. */
const Slot = Schema.parseJson(Schema.Struct({ number: Schema.NonNegativeInt, session: GatewaySchema.Session }))
type Slot = typeof Slot.Type

/** Makes a store that writes each session to two keys alternately. */
export const make = (
  makeName: (key: Key) => string,
  failed: (operation: SessionStoreError["operation"]) => (cause: unknown) => SessionStoreError
): Effect.Effect<SessionStore, never, KeyValueStore.KeyValueStore> =>
  Effect.map(
    KeyValueStore.KeyValueStore,
    (store) => {
      // The number of the last written slot, by name.
      const numbers = new Map<string, number>()
      const makeKey = (name: string, number: number) => `${name}-${number % 2 === 0 ? "a" : "b"}`

      const readSlot = (key: string) => Effect.map(store.get(key), Option.map(Schema.decodeEither(Slot)))

      /** Reads the newer of the valid slots. Fails if all existing slots are invalid. */
      const read = (name: string): Effect.Effect<Option.Option<Slot>, unknown> =>
        Effect.flatMap(Effect.all([readSlot(makeKey(name, 0)), readSlot(makeKey(name, 1))]), (found) => {
          const slots = found.flatMap(Option.toArray)
          const [latest] = slots.flatMap((slot) => Either.isRight(slot) ? [slot.right] : [])
            .sort((a, b) => b.number - a.number)
          if (latest === undefined && slots.length > 0) {
            return Effect.fail(new Error("the stored session is damaged"))
          }
          numbers.set(name, latest?.number ?? 0)
          return Effect.succeed(Option.fromNullable(latest))
        })

      const lastNumber = (name: string): Effect.Effect<number> =>
        Effect.suspend(() => {
          const known = numbers.get(name)
          return known !== undefined ? Effect.succeed(known) : Effect.map(
            Effect.orElseSucceed(read(name), () => Option.none<Slot>()),
            Option.match({ onNone: () => 0, onSome: ({ number }) => number })
          )
        })

      return {
        load: (key) =>
          Effect.mapBoth(read(makeName(key)), {
            onFailure: failed("load"),
            onSuccess: Option.map(({ session }) => session)
          }),
        save: (key, session) =>
          Effect.gen(function*() {
            const name = makeName(key)
            const number = (yield* lastNumber(name)) + 1
            yield* store.set(makeKey(name, number), yield* Schema.encode(Slot)({ number, session }))
            // After the write: a failed one is repeated in the same slot, and the other remains valid.
            numbers.set(name, number)
          }).pipe(Effect.mapError(failed("save"))),
        remove: (key) =>
          Effect.forEach([0, 1], (number) => store.remove(makeKey(makeName(key), number)), { discard: true }).pipe(
            Effect.mapError(failed("remove"))
          )
      }
    }
  )
