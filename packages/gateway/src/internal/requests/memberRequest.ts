/** Requests members of a guild and recognises the answers. */
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
import type * as MemberRequest from "../../MemberRequest.js"
import * as ShardError from "../../ShardError.js"
import { Outgoing } from "../commands/index.js"
import type { ShardState } from "../state/index.js"
import * as Answer from "./answer.js"
import * as RateLimit from "./rateLimit.js"

type Failure = ShardError.SendError | ShardError.NoAnswerError

/** The events that concern a request. `attempt` counts how often it had been written by then. */
type Heard = Data.TaggedEnum<{
  Chunk: { readonly chunk: MemberRequest.Chunk }
  RateLimited: { readonly attempt: number; readonly retryAfter: unknown }
  /** A new session has begun, in which the attempt is not known. */
  SessionEnded: { readonly attempt: number }
}>

const Heard = Data.taggedEnum<Heard>()

/** One request, and its form on the wire. */
interface Part {
  readonly body: Command.RequestGuildMembers["d"]
  readonly command: Outgoing.OutgoingCommand
}

const maxUserIds = 100
const defaultIdleTimeout = Duration.seconds(30)

const hint = () =>
  "the bot may not be in that guild, Discord may be slow, or this program reads no events while it waits and its event " +
  "buffer is full"

const failed = (reason: ShardError.NoAnswerError["reason"], detail: string) =>
  new ShardError.NoAnswerError({ reason, request: "member request", detail })

const isForAll = ({ limit, query }: MemberRequest.MemberRequest): boolean => query === "" && (limit ?? 0) === 0

const missingIntent = (request: MemberRequest.MemberRequest, intents: Intents.Intents): Option.Option<string> => {
  const needed: ReadonlyArray<readonly [what: string, name: Intents.Name, isNeeded: boolean]> = [
    // With any limit.
    ["members for an empty query", "GuildMembers", request.query === ""],
    ["presences", "GuildPresences", request.presences === true]
  ]
  return Option.map(
    Arr.findFirst(needed, ([, name, isNeeded]) => isNeeded && !Intents.has(intents, name)),
    ([what, name]) =>
      `Discord gives ${what} only to shards with the intent ${name}; add it to the config, and switch it on for the ` +
      "application in the developer portal"
  )
}

/** Returns one request for each hundred ids, without duplicate ids. */
const split = (request: MemberRequest.MemberRequest): ReadonlyArray<MemberRequest.MemberRequest> => {
  const { user_ids: ids } = request
  if (ids === undefined || typeof ids === "string" || ids.length === 0) {
    return [request]
  }
  return Arr.map(Arr.chunksOf(Arr.dedupe(ids), maxUserIds), (user_ids) => ({ ...request, user_ids }))
}

/** Returns the requests that are to be sent, all checked before the first of them is. */
const partsOf = (
  request: MemberRequest.MemberRequest,
  nonce: string
): Either.Either<ReadonlyArray<Part>, ShardError.SendError> =>
  Either.map(
    Either.all(
      split(request).map((part, i) => {
        const body = { ...part, nonce: `${nonce}${i}` }
        return Either.map(
          Outgoing.fromConstructor(Command.requestGuildMembers(body)),
          (command): Part => ({ body, command })
        )
      })
    ),
    (checked) => Array.isArray(request.user_ids) && request.user_ids.length === 0 ? [] : checked
  )

const listen = ({ log: { listeners } }: ShardState.ShardState, body: Part["body"], attempts: () => number) =>
  Effect.gen(function*() {
    const heard = yield* Mailbox.make<Heard>()
    yield* listeners.listen("GUILD_MEMBERS_CHUNK", (chunk) => {
      if (chunk.nonce === body.nonce) {
        heard.unsafeOffer(Heard.Chunk({ chunk }))
      }
    })
    yield* listeners.listen("RATE_LIMITED", ({ meta, opcode, retry_after }) => {
      const nonce = meta?.nonce ?? undefined
      const isThis = nonce === undefined ? meta?.guild_id === body.guild_id && isForAll(body) : nonce === body.nonce
      if (Number(opcode) === Opcode.RequestGuildMembers && isThis) {
        heard.unsafeOffer(Heard.RateLimited({ attempt: attempts(), retryAfter: retry_after }))
      }
    })
    yield* listeners.listen("READY", () => {
      heard.unsafeOffer(Heard.SessionEnded({ attempt: attempts() }))
    })
    return heard
  })

const sessionEnded = (seen: number, expected: number) =>
  failed(
    "SessionEnded",
    seen > 0
      ? `the session ended after ${seen} of ${expected} chunks, and the new one knows nothing of it; ask again`
      : `${Answer.maxAttempts} sessions ended before an answer came; ask again once the shard is stable`
  )

/** Emits the chunks that answer one request, each once, in the order in which they arrive. */
const ask = (
  state: ShardState.ShardState,
  { body, command }: Part,
  idleTimeout: Duration.Duration
): Stream.Stream<MemberRequest.Chunk, Failure> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    let attempts = 0
    let limitedFor = 0
    const heard = yield* listen(state, body, () => attempts)
    const send = state.commands.send(command, () => {
      attempts++
    })
    const seen = new Set<number>()
    let expected = Infinity

    const isLast = (attempt: number) => attempt > 0 && attempt === attempts
    const hear = Answer.wait(state, Effect.orDie(heard.take), idleTimeout, "member request", hint)
    const waitAndSend = (retryAfter: unknown): Effect.Effect<unknown, Failure> =>
      Either.match(RateLimit.next(retryAfter, { attempts, limitedFor }), {
        onLeft: (detail) => Effect.fail(failed("RateLimited", detail)),
        onRight: (millis) => {
          limitedFor += millis
          return Effect.zipRight(Answer.untilClosed(state, Effect.sleep(millis)), send)
        }
      })
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
            RateLimited: ({ attempt, retryAfter }) =>
              seen.size > 0 || !isLast(attempt)
                ? next
                : Effect.zipRight(Effect.asSomeError(waitAndSend(retryAfter)), next),
            SessionEnded: ({ attempt }) => {
              if (!isLast(attempt)) {
                return next
              }
              return seen.size > 0 || attempts >= Answer.maxAttempts
                ? Effect.fail(Option.some(sessionEnded(seen.size, expected)))
                : Effect.zipRight(Effect.asSomeError(send), next)
            }
          })
        )
    )
    yield* send
    return Stream.repeatEffectOption(next)
  }))

/** Returns the member requests of one shard. */
export const make = (state: ShardState.ShardState) => {
  let count = 0
  return (
    request: MemberRequest.MemberRequest,
    options: MemberRequest.Options = {}
  ): Stream.Stream<MemberRequest.Chunk, Failure> =>
    Stream.unwrap(Effect.gen(function*() {
      const detail = missingIntent(request, state.config.intents)
      if (Option.isSome(detail)) {
        return yield* failed("MissingIntent", detail.value)
      }
      // Random, because a resume may replay the answers to an earlier process.
      const salt = yield* Random.nextIntBetween(0, 2 ** 32)
      const parts = yield* partsOf(request, `${salt.toString(36)}-${count++}-`)
      const idleTimeout = Duration.decode(options.idleTimeout ?? defaultIdleTimeout)
      return Stream.flatMap(Stream.fromIterable(parts), (part) => ask(state, part, idleTimeout))
    }))
}

/** Joins chunks. */
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
