import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Session from "../src/Session.js"
import * as SessionStore from "../src/SessionStore.js"

const key: SessionStore.Key = { bot: "123456789012345678", shard: ShardId.unsafeMake(1, 4) }
const session = (sequence: number) => new Session.Session({ id: "abc", sequence, resumeUrl: "wss://gateway.example" })

const stores: ReadonlyArray<readonly [name: string, layer: Layer.Layer<SessionStore.SessionStore>]> = [
  ["in memory", SessionStore.layerMemory],
  ["in a key-value store", SessionStore.layerKeyValueStore.pipe(Layer.provide(KeyValueStore.layerMemory))]
]

describe("SessionStore", () => {
  for (const [name, layer] of stores) {
    it.effect(`${name} gives back what was saved last, until it is removed`, () =>
      Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        assert.deepStrictEqual(yield* store.load(key), Option.none())
        for (let sequence = 1; sequence <= 5; sequence++) {
          yield* store.save(key, session(sequence))
          assert.deepStrictEqual(yield* store.load(key), Option.some(session(sequence)))
        }
        yield* store.remove(key)
        assert.deepStrictEqual(yield* store.load(key), Option.none())
        yield* store.save(key, session(9))
        assert.deepStrictEqual(yield* store.load(key), Option.some(session(9)))
      }).pipe(Effect.provide(layer)))

    it.effect(`${name} keeps bots, shards and numbers of shards apart`, () =>
      Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        const keys = [
          key,
          { ...key, bot: "876543210987654321" },
          { ...key, shard: ShardId.unsafeMake(2, 4) },
          { ...key, shard: ShardId.unsafeMake(1, 8) }
        ]
        yield* Effect.forEach(keys, (key, i) => store.save(key, session(i)))
        yield* store.remove(key)
        const found = yield* Effect.forEach(keys, store.load)
        assert.deepStrictEqual(found, [Option.none(), ...[1, 2, 3].map((i) => Option.some(session(i)))])
      }).pipe(Effect.provide(layer)))
  }
})

describe("SessionStore.layerKeyValueStore", () => {
  const entries = new Map<string, string>()
  const keyValueStore = KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => Option.fromNullable(entries.get(key))),
    set: (key, value) => Effect.sync(() => void entries.set(key, value)),
    remove: (key) => Effect.sync(() => void entries.delete(key)),
    clear: Effect.sync(() => entries.clear()),
    size: Effect.sync(() => entries.size)
  })
  /** A store without the memory of an earlier one. */
  const reopened = Effect.provideService(SessionStore.makeKeyValueStore, KeyValueStore.KeyValueStore, keyValueStore)

  it.effect("survives a process that is killed in the middle of any write, at any byte of it", () =>
    Effect.gen(function*() {
      const lives = FastCheck.sample(
        FastCheck.array(
          FastCheck.record({
            saves: FastCheck.integer({ min: 0, max: 4 }),
            written: FastCheck.double({ min: 0, max: 0.99, noNaN: true })
          }),
          { minLength: 3, maxLength: 8 }
        ),
        { numRuns: 100, seed: 5 }
      )
      for (const life of lives) {
        entries.clear()
        let sequence = 0
        yield* Effect.flatMap(reopened, (store) => store.save(key, session(sequence)))
        for (const { saves, written } of life) {
          const store = yield* reopened
          assert.deepStrictEqual(yield* store.load(key), Option.some(session(sequence)))
          for (let i = 0; i < saves; i++) {
            yield* store.save(key, session(++sequence))
          }
          const before = new Map(entries)
          yield* store.save(key, session(sequence + 1))
          for (const [name, value] of entries) {
            if (before.get(name) !== value) {
              entries.set(name, value.slice(0, Math.floor(value.length * written)))
            }
          }
        }
      }
    }))

  it.effect("goes on from what it finds, also if it never loaded it", () =>
    Effect.gen(function*() {
      entries.clear()
      const first = yield* reopened
      yield* Effect.forEach([1, 2, 3], (sequence) => first.save(key, session(sequence)))
      yield* Effect.flatMap(reopened, (store) => store.save(key, session(4)))
      assert.deepStrictEqual(yield* Effect.flatMap(reopened, (store) => store.load(key)), Option.some(session(4)))
    }))

  it.effect("fails if the stored session is damaged, and can be written again", () =>
    Effect.gen(function*() {
      entries.clear()
      yield* Effect.flatMap(reopened, (store) => store.save(key, session(1)))
      entries.forEach((_, name) => entries.set(name, `{"number":1,"session":{"id":"","sequence":-1}}`))
      const store = yield* reopened
      const error = yield* Effect.flip(store.load(key))
      assert.strictEqual(error.operation, "load")
      assert.match(error.message, /could not load a session \(the stored session is damaged\); the shard identifies/)
      yield* store.save(key, session(2))
      assert.deepStrictEqual(yield* Effect.flatMap(reopened, (store) => store.load(key)), Option.some(session(2)))
    }))
})
