/** Checks the options of a shard, and the length of its IDENTIFY. */
import * as Command from "@vesper/model/Command"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Session from "../../Session.js"
import type * as ShardConfig from "../../ShardConfig.js"
import { GatewayUrl } from "../wire/index.js"
import { IdentifyPayload } from "../identify/index.js"
import * as Token from "./token.js"
import * as Check from "./check.js"

/** The environment variable of the bot's token. */
export const tokenVariable = "DISCORD_TOKEN"

type Result = Either.Either<void, ConfigError.ConfigError>

const delay: Check.Check = (value) => {
  if (!Array.isArray(value) || value.length !== 2) {
    return "it is not a pair of durations, the shortest and the longest"
  }
  const problem = Check.duration(value[0]) ?? Check.duration(value[1])
  return problem ??
    (Duration.lessThan(value[1], value[0]) ? "the second duration is shorter than the first" : undefined)
}

const knownEvents: Check.Check = (value) => {
  if (typeof value === "string" || !Predicate.isIterable(value)) {
    return "it is not a list of events"
  }
  const unknown = Array.from(value).find((event) => !EventType.isKnown(String(event)))
  return unknown === undefined ? undefined : `"${String(unknown)}" is not an event that this version knows`
}

const websocket: Check.Check = (value) =>
  typeof value === "string" ? GatewayUrl.describeProblem(value) : Check.text(value)

const apiVersion: Check.Check = (value) =>
  Check.integer(9)(value) === undefined
    ? undefined
    : `${String(value)} is not a version that Discord serves; omit it for 10`

const intents: Check.Check = (value) =>
  typeof value === "number"
    ? Option.getOrUndefined(Either.getLeft(Intents.fromBits(value)))?.message
    : `${String(value)} is not a set of intents; use Intents.of`

/** Returns a problem that begins with the field of the presence. */
const presence: Check.Check = (value) =>
  // The constructor validates any argument.
  Either.match(Command.updatePresence(value as Command.Presence), {
    onLeft: ({ path, problem }) => `${path.slice(1).join(".") || "it"} ${problem}`,
    onRight: () => undefined
  })

const session: Check.Check = (value) =>
  value instanceof Session.Session ? undefined : "it is not a Session; decode it first"

const checks: Check.Fields = {
  intents,
  events: knownEvents,
  validate: (value) => value === "none" || value === "all" ? undefined : knownEvents(value),
  identifyProperties: { os: Check.text, browser: Check.text, device: Check.text },
  largeThreshold: Check.integer(50, 250),
  presence,
  rateLimitCommands: Check.flag,
  session,
  acknowledge: Check.oneOf("onReceive", "onHandled"),
  drainTimeout: Check.duration,
  saveInterval: Check.duration,
  resumeUrl: Check.text,
  gatewayUrl: websocket,
  proxyUrl: websocket,
  apiVersion,
  eventBufferSize: Check.integer(1),
  eventBufferBytes: Check.integer(1),
  commandQueueSize: Check.integer(1),
  timeouts: { open: Check.duration, hello: Check.duration, ready: Check.duration, resumed: Check.duration },
  reconnect: {
    backoffBase: Check.duration,
    backoffMax: Check.duration,
    stableAfter: Check.duration,
    resumeWindow: Check.duration,
    resumeAttempts: Check.integer(0),
    invalidSessionDelay: delay
  }
}

const remedy =
  `set the environment variable ${tokenVariable}, or the option "token", to the token from the Bot page of ` +
  "your application"

/** Checks the token, which may be an unset variable despite its type. */
const checkToken = (token: unknown): Result => {
  const value: unknown = Redacted.isRedacted(token) ? Redacted.value(token) : undefined
  if (typeof value !== "string" || Token.withoutPrefix(value) === "") {
    return Check.invalid(["token"], `the token is ${typeof value === "string" ? "empty" : "missing"}: ${remedy}`)
  }
  return /\s/.test(Token.withoutPrefix(value))
    ? Check.invalid(["token"], "the token contains white space; copy it again, without quotes or line breaks")
    : Either.void
}

const checkResumeUrl = (
  { gatewayUrl, resumeUrl, session }: ShardConfig.Options,
  defaultGatewayUrl: string
): Result => {
  if (resumeUrl !== undefined && session === undefined) {
    return Check.invalid(
      ["resumeUrl"],
      "there is no session to resume; set the option \"session\" too, or omit the URL"
    )
  }
  const url = resumeUrl ?? session?.resumeUrl
  return url === undefined || GatewayUrl.mayResumeAt(gatewayUrl ?? defaultGatewayUrl, url)
    ? Either.void
    : Check.invalid(
      [resumeUrl === undefined ? "session" : "resumeUrl"],
      `the resume URL "${url}" is not a websocket URL that is as safe as the gateway URL`
    )
}

export const check = (options: ShardConfig.Options, defaultGatewayUrl: string): Result =>
  checkToken(options.token).pipe(
    Either.flatMap(() =>
      options.intents === undefined
        ? Check.invalid(["intents"], "the intents are missing; use Intents.of")
        : Check.fields(checks, options)
    ),
    Either.flatMap(() => checkResumeUrl(options, defaultGatewayUrl))
  )

/** More digits than the shards of any bot. */
const longestShard = { id: 999_999, total: 1_000_000 }

const shortestShard = { id: 0, total: 1 }

/** Returns the option to shorten: the longest part of the payload. */
const longestOption = ({ identifyProperties, token }: ShardConfig.ShardConfig): keyof ShardConfig.Options =>
  Redacted.value(token).length > JSON.stringify(identifyProperties).length ? "token" : "identifyProperties"

/**
 * Refuses options whose IDENTIFY is too long for every shard. A presence that is too long only for shards with a long number
 * is sent as a command later.
 */
export const checkIdentify = (config: ShardConfig.ShardConfig): Result => {
  const bare = IdentifyPayload.bytes(IdentifyPayload.encode(config, longestShard, Option.none()))
  const whole = IdentifyPayload.bytes(IdentifyPayload.encode(config, shortestShard, config.presence))
  const tooLong = (option: keyof ShardConfig.Options, bytes: number) =>
    Check.invalid(
      [option],
      `the IDENTIFY has ${bytes} bytes with it, and Discord accepts ${Command.maxBytes}; shorten it`
    )
  return bare > Command.maxBytes
    ? tooLong(longestOption(config), bare)
    : whole > Command.maxBytes
    ? tooLong("presence", whole)
    : Either.void
}
