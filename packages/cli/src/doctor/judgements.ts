/** Judgements of `vesper doctor`: pure functions of measurements, with a remedy for each problem. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as Option from "effect/Option"
import { Token } from "../config/index.js"

/**
 * - `ok`: as required.
 * - `warning`: it works, and could be better.
 * - `problem`: a shard could not run.
 * - `skipped`: it was not checked, because of an earlier problem.
 */
export type Level = "ok" | "warning" | "problem" | "skipped"

export interface Finding {
  readonly check: string
  readonly level: Level
  readonly found: string
  /** The remedy, if there is one. */
  readonly todo?: string | undefined
}

const finding = (level: Level) => (check: string, found: string, todo?: string): Finding => ({
  check,
  level,
  found,
  todo
})

export const ok: (check: string, found: string) => Finding = finding("ok")

const warning: (check: string, found: string, todo: string) => Finding = finding("warning")

export const problem: (check: string, found: string, todo: string) => Finding = finding("problem")

export const skipped: (check: string, found: string) => Finding = finding("skipped")

const isAtLeast = (version: string, major: number, minor: number): boolean => {
  const [ownMajor = 0, ownMinor = 0] = version.replace(/^v/, "").split(".").map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

export const node = (version: string): Finding =>
  isAtLeast(version, 20, 19)
    ? ok("Node", version)
    : problem("Node", `${version} is too old`, "install Node 20.19 or newer")

/** Node 22.15 and 23.8 brought zstd. */
export const compression = (version: string): Finding =>
  isAtLeast(version, 23, 8) || (isAtLeast(version, 22, 15) && !isAtLeast(version, 23, 0))
    ? ok("compression", "zstd-stream, built into this Node; auto selects it")
    : warning(
      "compression",
      "zlib-stream; this Node has no built-in zstd",
      "it works; Node 22.15 or newer decompresses zstd-stream in a third of the time"
    )

/** The judgement of an API that answers without a body. */
export const refused = (check: string, status: number): Finding =>
  status === 401
    ? problem(
      check,
      "Discord rejects the token",
      "copy it again from the Bot page of your application; a reset invalidates the old one"
    )
    : problem(
      check,
      `the API answers with status ${status}`,
      status === 429 || status >= 500 ? "try again in some minutes" : checkApiUrl
    )

const checkApiUrl = "check --api-url: it ends with /api/v10"

export const invalidAnswer: Finding = problem(
  "API and token",
  "the answer of GET /gateway/bot is not valid",
  checkApiUrl
)

const portal = `the Bot page of your application, ${Intents.developerPortal}`

const readEnvFile = "the file .env is not read: run node --env-file=.env \"$(command -v vesper)\" doctor"

/** Checks the form of a token: three parts, the first of which is the bot's id in base64. */
export const tokenForm = (token: string | undefined, hasEnvFile = false): Finding => {
  if (token === undefined || token.trim() === "") {
    return problem(
      "token",
      "DISCORD_TOKEN is not set",
      hasEnvFile ? readEnvFile : `copy the token from ${portal}, and put it into DISCORD_TOKEN`
    )
  }
  if (/\s/.test(ShardConfig.bareToken(token))) {
    return problem("token", "DISCORD_TOKEN contains white space", "set it again, without quotes or line breaks")
  }
  return Token.hasForm(token)
    ? ok("token", "it has the form of a bot's token")
    : warning(
      "token",
      "it does not have the form of a bot's token: three parts between dots, the first the bot's id",
      `if Discord refuses it, copy it again from ${portal}; it is not the client secret, and not the public key`
    )
}

/** The flags of an application that grant a privileged intent to a verified bot, and to another one. */
const privilegedFlags: Readonly<Record<string, readonly [verified: number, limited: number]>> = {
  GuildPresences: [1 << 12, 1 << 13],
  GuildMembers: [1 << 14, 1 << 15],
  MessageContent: [1 << 18, 1 << 19]
}

/**
 * Checks whether the application may use the intents. Its flags contain the privileged ones that are switched on.
 *
 * @see https://docs.discord.com/developers/resources/application#application-object-application-flags
 */
export const intents = (wanted: Intents.Intents, flags: number): Finding => {
  const names = Intents.names(wanted).filter(Intents.isPrivileged)
  const missing = names.filter((name) => !(privilegedFlags[name] ?? []).some((bit) => (flags & bit) !== 0))
  if (missing.length === 0) {
    return ok("intents", names.length === 0 ? "none is privileged" : `${names.join(", ")}: switched on`)
  }
  return problem(
    "intents",
    `${missing.join(", ")}: not switched on; Discord would close the shard with 4014`,
    `switch on ${
      missing.flatMap((name) => Option.toArray(Intents.portalSwitch(name))).map((label) => `"${label}"`).join(", ")
    } on ${portal}, or ask for fewer`
  )
}

export const budget = (limit: {
  readonly total: number
  readonly remaining: number
  /** In milliseconds. */
  readonly resetAfter: number
  readonly shards: number
}): Finding => {
  const { remaining, resetAfter, shards, total } = limit
  const found = `${remaining} of ${total} session starts left; the budget is renewed in ${
    Math.ceil(resetAfter / 3_600_000)
  } h`
  if (remaining < shards) {
    return problem(
      "session budget",
      `${found}; that is too few for ${shards} shards`,
      "wait for the renewal, because Discord resets the token of a bot without session starts; find the process that identifies so often"
    )
  }
  return remaining * 10 < total
    ? warning(
      "session budget",
      found,
      "keep sessions over restarts (--resume-file, or a SessionStore), so that shards resume"
    )
    : ok("session budget", found)
}

/** Returns true for the URL of a websocket. A proxy may answer in Discord's place. */
export const isGatewayUrl = (url: string): boolean => URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)

/** A name that the machine's resolver does not resolve, or not in time. */
export const unresolved = (host: string, reason: string): Finding =>
  problem("DNS", `${host}: ${reason}`, "check the machine's resolver, and whether the container has a network")

/** The reason why a connection failed. */
export const unreachable = (host: string, reason: string): Finding =>
  problem(
    "TLS",
    `${host}: ${reason}`,
    /ECONNREFUSED/.test(reason)
      ? "no process listens at this address: check the gateway's URL, or start the gateway"
      : /no answer|TIMEDOUT|UNREACH/.test(reason)
      ? "check the firewall: it must allow connections to this port"
      : "check the clock of this machine, and a proxy with its own certificate: Node accepts it with NODE_EXTRA_CA_CERTS"
  )

/** The encryption of a connection. */
export const encryption = (url: URL, protocol: string | undefined): Finding =>
  protocol !== undefined
    ? ok("TLS", protocol)
    : warning(
      "TLS",
      `${url.protocol}//${url.host} is not encrypted, and the token is sent over it`,
      "correct for vesper simulate or a proxy on this machine; for Discord give a wss:// URL"
    )

export const roundTrip = (millis: number): Finding =>
  millis < 300
    ? ok("round trip", `${Math.round(millis)} ms to the gateway and back`)
    : warning(
      "round trip",
      `${Math.round(millis)} ms to the gateway and back`,
      "events are late by half of it: run the bot nearer to the gateway, or check the network"
    )

export const hasProblem = (findings: ReadonlyArray<Finding>): boolean =>
  findings.some(({ level }) => level === "problem")

const marks: Readonly<Record<Level, string>> = { ok: "ok", warning: "warning", problem: "PROBLEM", skipped: "skipped" }

/** A finding as text. */
export const text = ({ check, found, level, todo }: Finding): string =>
  `${marks[level].padEnd(8)} ${check.padEnd(15)} ${found}${
    todo === undefined ? "" : `\n${" ".repeat(25)}to do: ${todo}`
  }`
