/** Asks for members of a guild, and recognises the answers. */
import * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type * as MemberRequest from "../MemberRequest.js"
import * as ShardError from "../ShardError.js"
import * as Answer from "./answer.js"
import * as Sender from "./sender.js"
import type { ShardState } from "./shardState.js"

type Failure = ShardError.SendError | ShardError.NoAnswerError

/** What may come after a request was written. */
type Heard = Data.TaggedEnum<{
  Chunk: { readonly chunk: MemberRequest.Chunk }
  RateLimited: { readonly retryAfter: Duration.Duration }
  /** A new session has begun, which knows nothing of the request of this number. */
  SessionEnded: { readonly request: number }
}>

const Heard = Data.taggedEnum<Heard>()

const maxUserIds = 100
const defaultIdleTimeout = Duration.seconds(30)

const hint = "the bot may not be in that guild, Discord may be slow, or this program reads no events while it waits " +
  "and its event buffer is full"

const isForAll = ({ limit, query }: MemberRequest.MemberRequest): boolean => query === "" && (limit ?? 0) === 0

const missingIntent = (request: MemberRequest.MemberRequest, intents: Intents.Intents): Option.Option<string> => {
  const needed: ReadonlyArray<readonly [what: string, name: Intents.Name, isNeeded: boolean]> = [
    ["all members", "GuildMembers", isForAll(request)],
    ["presences", "GuildPresences", request.presences === true]
  ]
  return Option.map(
    Arr.findFirst(needed, ([, name, isNeeded]) => isNeeded && !Intents.has(intents, name)),
    ([what, name]) =>
      `Discord gives ${what} only to shards with the intent ${name}; add it to the config, and switch it on for the ` +
      "application in the developer portal"
  )
}

/** One request for each hundred ids; ids that are given twice are asked for once. */
const split = (request: MemberRequest.MemberRequest): ReadonlyArray<MemberRequest.MemberRequest> => {
  const { user_ids: given } = request
  if (given === undefined || typeof given === "string" || given.length === 0) {
    return [request]
  }
  return Arr.map(Arr.chunksOf(Arr.dedupe(given), maxUserIds), (user_ids) => ({ ...request, user_ids }))
}

/** All the requests that it takes, checked before the first of them is sent. */
const commands = (
  request: MemberRequest.MemberRequest,
  nonce: string
): Either.Either<ReadonlyArray<Command.RequestGuildMembers>, ShardError.SendError> =>
  Either.map(
    Either.all(
      split(request).map((part, i) => Sender.valid(Command.requestGuildMembers({ ...part, nonce: `${nonce}${i}` })))
    ),
    (checked) => Array.isArray(request.user_ids) && request.user_ids.length === 0 ? [] : checked
  )

const listen = (state: ShardState, { d }: Command.RequestGuildMembers, requests: () => number) =>
  Effect.gen(function*() {
    const heard = yield* Mailbox.make<Heard>()
    const { listeners } = state.log
    yield* listeners.listen("GUILD_MEMBERS_CHUNK", (chunk) => {
      if (chunk.nonce === d.nonce) {
        heard.unsafeOffer(Heard.Chunk({ chunk }))
      }
    })
    yield* listeners.listen("RATE_LIMITED", ({ meta, opcode, retry_after }) => {
      const isThis = meta?.nonce === undefined ? meta?.guild_id === d.guild_id && isForAll(d) : meta.nonce === d.nonce
      if (Number(opcode) === Opcode.RequestGuildMembers && isThis) {
        heard.unsafeOffer(Heard.RateLimited({ retryAfter: Duration.seconds(retry_after) }))
      }
    })
    yield* listeners.listen("READY", () => {
      heard.unsafeOffer(Heard.SessionEnded({ request: requests() }))
    })
    return heard
  })

/** The chunks that answer one request, each once, whatever comes double or in another order. */
const ask = (
  state: ShardState,
  command: Command.RequestGuildMembers,
  idleTimeout: Duration.Duration
): Stream.Stream<MemberRequest.Chunk, Failure> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    let requests = 0
    const heard = yield* listen(state, command, () => requests)
    const send = Sender.deliver(state, command, () => {
      requests++
    })
    const seen = new Set<number>()
    let expected = Infinity

    const hear = Answer.wait(state, Effect.orDie(heard.take), idleTimeout, "member request", hint)
    const next: Effect.Effect<MemberRequest.Chunk, Option.Option<Failure>> = Effect.suspend(() =>
      seen.size >= expected
        ? Effect.fail(Option.none())
        : Effect.flatMap(
          Effect.asSomeError(hear),
          Heard.$match({
            Chunk: ({ chunk }) => {
              if (seen.has(chunk.chunk_index)) {
                return next
              }
              seen.add(chunk.chunk_index)
              expected = chunk.chunk_count
              return Effect.succeed(chunk)
            },
            RateLimited: ({ retryAfter }) => seen.size > 0 ? next : Effect.zipRight(Effect.sleep(retryAfter), again),
            SessionEnded: ({ request }) => {
              if (request === 0 || request !== requests) {
                return next
              }
              return seen.size === 0 ? again : Effect.fail(Option.some(sessionEnded(seen.size, expected)))
            }
          })
        )
    )
    const again = Effect.zipRight(Effect.asSomeError(send), next)
    yield* send
    return Stream.repeatEffectOption(next)
  }))

const sessionEnded = (seen: number, expected: number) =>
  new ShardError.NoAnswerError({
    reason: "SessionEnded",
    request: "member request",
    detail: `the session ended after ${seen} of ${expected} chunks, and the new one knows nothing of it; ask again`
  })

/** Member requests of one shard. */
export const make = (state: ShardState) => {
  let count = 0
  return (
    request: MemberRequest.MemberRequest,
    options: MemberRequest.Options = {}
  ): Stream.Stream<MemberRequest.Chunk, Failure> =>
    Stream.unwrap(Effect.gen(function*() {
      const detail = missingIntent(request, state.config.intents)
      if (Option.isSome(detail)) {
        return yield* new ShardError.NoAnswerError({
          reason: "MissingIntent",
          request: "member request",
          detail: detail.value
        })
      }
      // Random, for a resume may replay the answers to an earlier process.
      const salt = yield* Random.nextIntBetween(0, 2 ** 32)
      const parts = yield* commands(request, `${salt.toString(36)}-${count++}-`)
      const idleTimeout = Duration.decode(options.idleTimeout ?? defaultIdleTimeout)
      return Stream.flatMap(Stream.fromIterable(parts), (part) => ask(state, part, idleTimeout))
    }))
}

/** Puts chunks together. */
export const collect = <E, R>(
  chunks: Stream.Stream<MemberRequest.Chunk, E, R>
): Effect.Effect<MemberRequest.Members, E, R> =>
  Effect.map(Stream.runCollect(chunks), (all) => {
    const each = Array.from(all)
    return {
      members: each.flatMap(({ members }) => members),
      presences: each.flatMap(({ presences }) => presences ?? []),
      // Discord names them in every chunk of a request.
      notFound: Arr.dedupe(each.flatMap(({ not_found }) => not_found ?? []).map(String))
    }
  })
