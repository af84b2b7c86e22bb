/** Requests members of a guild and matches the chunks that answer. */
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
import type * as Shard from "../../Shard.js"
import type * as ShardConfig from "../../ShardConfig.js"
import * as ShardError from "../../ShardError.js"
import { Outgoing } from "../commands/index.js"
import type { CommandQueue } from "../commands/index.js"
import type { EventLog } from "../events/log/index.js"
import * as Answer from "./awaitAnswer.js"
import * as RateLimited from "./rateLimited.js"

/** The events of a request. `attempt` is the number of times that it had been written by then. */
type RequestEvent = Data.TaggedEnum<{
  Chunk: { readonly chunk: Shard.MemberChunk }
  RateLimited: { readonly attempt: number; readonly retryAfter: unknown }
  /** A new session has begun, which does not answer requests of the old one. */
  SessionEnded: { readonly attempt: number }
}>

const RequestEvent = Data.taggedEnum<RequestEvent>()

export interface MemberRequester extends Answer.Requester {
  readonly commands: Pick<CommandQueue.CommandQueue, "awaitClosed" | "send">
  readonly config: Pick<ShardConfig.ShardConfig, "intents">
  readonly log: Pick<EventLog, "listeners">
}

interface EncodedRequest {
  readonly body: Command.RequestGuildMembers["d"]
  readonly command: Outgoing.OutgoingCommand
}

const maxUserIds = 100
const defaultIdleTimeout = Duration.seconds(30)

const hint = () =>
  "the bot may not be in that guild, Discord may be slow, or the event buffer is full because the program reads no events " +
  "while it waits"

const failed = (reason: ShardError.NoAnswerError["reason"], detail: string) =>
  new ShardError.NoAnswerError({ reason, request: "member request", detail })

const isForAll = ({ limit, query }: Shard.MemberRequest): boolean => query === "" && (limit ?? 0) === 0

const missingIntent = (request: Shard.MemberRequest, intents: Intents.Intents): Option.Option<string> => {
  const needed: ReadonlyArray<readonly [what: string, name: Intents.Name, isNeeded: boolean]> = [
    ["members for an empty query", "GuildMembers", request.query === ""],
    ["presences", "GuildPresences", request.presences === true]
  ]
  return Option.map(
    Arr.findFirst(needed, ([, name, isNeeded]) => isNeeded && !Intents.has(intents, name)),
    ([what, name]) =>
      `Discord sends ${what} only to shards with the intent ${name}; add it to the config, and enable it for the ` +
      "application in the developer portal"
  )
}

/** Returns a request for each hundred distinct ids. */
const split = (request: Shard.MemberRequest): ReadonlyArray<Shard.MemberRequest> => {
  const { user_ids: ids } = request
  if (ids === undefined || typeof ids === "string" || ids.length === 0) {
    return [request]
  }
  return Arr.map(Arr.chunksOf(Arr.dedupe(ids), maxUserIds), (user_ids) => ({ ...request, user_ids }))
}

/** Validates and encodes all commands of a request, before the first is sent. */
const encodeAll = (
  request: Shard.MemberRequest,
  nonce: string
): Either.Either<ReadonlyArray<EncodedRequest>, ShardError.SendError> =>
  Either.map(
    Either.all(
      split(request).map((chunk, i) => {
        const body = { ...chunk, nonce: `${nonce}${i}` }
        return Either.map(
          Outgoing.fromValidated(Command.requestGuildMembers(body)),
          (command): EncodedRequest => ({ body, command })
        )
      })
    ),
    (encoded) => Array.isArray(request.user_ids) && request.user_ids.length === 0 ? [] : encoded
  )

const listen = ({ log: { listeners } }: MemberRequester, body: EncodedRequest["body"], attempts: () => number) =>
  Effect.gen(function*() {
    const events = yield* Mailbox.make<RequestEvent>()
    yield* listeners.listen("GUILD_MEMBERS_CHUNK", (chunk) => {
      if (chunk.nonce === body.nonce) {
        events.unsafeOffer(RequestEvent.Chunk({ chunk }))
      }
    })
    yield* listeners.listen("RATE_LIMITED", ({ meta, opcode, retry_after }) => {
      const nonce = meta?.nonce ?? undefined
      const isThis = nonce === undefined ? meta?.guild_id === body.guild_id && isForAll(body) : nonce === body.nonce
      if (Number(opcode) === Opcode.RequestGuildMembers && isThis) {
        events.unsafeOffer(RequestEvent.RateLimited({ attempt: attempts(), retryAfter: retry_after }))
      }
    })
    yield* listeners.listen("READY", () => {
      events.unsafeOffer(RequestEvent.SessionEnded({ attempt: attempts() }))
    })
    return events
  })

const sessionEnded = (seen: number, expected: number) =>
  failed(
    "SessionEnded",
    seen > 0
      ? `the session ended after ${seen} of ${expected} chunks, and the new one does not continue the answer; send the request again`
      : `${Answer.maxAttempts} sessions ended before the answer; send the request again once the shard is stable`
  )

/** Sends one command and emits the chunks that answer it, each once, in order of arrival. */
const request = (
  shard: MemberRequester,
  { body, command }: EncodedRequest,
  idleTimeout: Duration.Duration
): Stream.Stream<Shard.MemberChunk, Answer.RequestError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    let attempts = 0
    let limitedFor = 0
    const events = yield* listen(shard, body, () => attempts)
    const send = shard.commands.send(command, () => {
      attempts++
    })
    const seen = new Set<number>()
    let expected = Infinity

    const isLast = (attempt: number) => attempt > 0 && attempt === attempts
    const nextEvent = Answer.awaitAnswer(shard, Effect.orDie(events.take), idleTimeout, "member request", hint)
    const waitAndSend = (retryAfter: unknown): Effect.Effect<unknown, Answer.RequestError> =>
      Either.match(RateLimited.next(retryAfter, { attempts, limitedFor }), {
        onLeft: (detail) => Effect.fail(failed("RateLimited", detail)),
        onRight: (millis) => {
          limitedFor += millis
          return Effect.zipRight(Answer.untilClosed(shard, Effect.sleep(millis)), send)
        }
      })
    const next: Effect.Effect<Shard.MemberChunk, Option.Option<Answer.RequestError>> = Effect.suspend(() =>
      seen.size >= expected
        ? Effect.fail(Option.none())
        : Effect.flatMap(
          Effect.asSomeError(nextEvent),
          RequestEvent.$match({
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

/** Makes the `requestGuildMembers` of a shard. */
export const make = (shard: MemberRequester) => {
  let count = 0
  return (
    memberRequest: Shard.MemberRequest,
    options: Shard.MemberRequestOptions = {}
  ): Stream.Stream<Shard.MemberChunk, Answer.RequestError> =>
    Stream.unwrap(Effect.gen(function*() {
      const detail = missingIntent(memberRequest, shard.config.intents)
      if (Option.isSome(detail)) {
        return yield* failed("MissingIntent", detail.value)
      }
      // Random, because a resume may replay the answers to a request of an earlier process.
      const salt = yield* Random.nextIntBetween(0, 2 ** 32)
      const requests = yield* encodeAll(memberRequest, `${salt.toString(36)}-${count++}-`)
      const idleTimeout = Duration.decode(options.idleTimeout ?? defaultIdleTimeout)
      return Stream.flatMap(Stream.fromIterable(requests), (encoded) => request(shard, encoded, idleTimeout))
    }))
}

export const collect = <E, R>(
  chunks: Stream.Stream<Shard.MemberChunk, E, R>
): Effect.Effect<Shard.Members, E, R> =>
  Effect.map(Stream.runCollect(chunks), (all) => {
    const chunkList = Array.from(all)
    return {
      members: chunkList.flatMap(({ members }) => members),
      presences: chunkList.flatMap(({ presences }) => presences ?? []),
      // Discord repeats them in each chunk of a request.
      notFound: Arr.dedupe(chunkList.flatMap(({ not_found }) => not_found ?? []).map(String))
    }
  })
