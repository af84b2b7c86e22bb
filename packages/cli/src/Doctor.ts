/**
 * What a bot needs to run here, looked at piece by piece; each finding says what to do about it. The judgements are pure,
 * and stand apart from the asking.
 *
 * @since 0.1.0
 */
import * as Intents from "@vesper/model/Intents"
import * as Option from "effect/Option"

/**
 * - `ok`: as it should be.
 * - `warning`: it works, and could be better.
 * - `problem`: a shard would not run.
 * - `skipped`: it could not be looked at, because of a problem before it.
 *
 * @since 0.1.0
 * @category models
 */
export type Level = "ok" | "warning" | "problem" | "skipped"

/**
 * @since 0.1.0
 * @category models
 */
export interface Finding {
  readonly check: string
  readonly level: Level
  readonly found: string
  /** None where there is nothing to do. */
  readonly todo?: string | undefined
}

const ok = (check: string, found: string): Finding => ({ check, level: "ok", found })

/**
 * @since 0.1.0
 * @category judgements
 */
export const node = (version: string): Finding => {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  const isAtLeast = (wantedMajor: number, wantedMinor: number) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  return isAtLeast(20, 19)
    ? ok("Node", version)
    : { check: "Node", level: "problem", found: `${version} is too old`, todo: "install Node 20.19 or newer" }
}

/** Where Node decompresses zstd by itself. */
const hasZstd = (version: string): boolean => {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  return major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15)
}

/**
 * @since 0.1.0
 * @category judgements
 */
export const compression = (version: string): Finding =>
  hasZstd(version)
    ? ok("compression", "zstd-stream by Node itself; auto takes it")
    : {
      check: "compression",
      level: "warning",
      found: "zlib-stream; this Node has no zstd of its own",
      todo: "it works; Node 22.15 or newer would decompress, as zstd-stream, in a third of the time"
    }

const portal = `the Bot page of your application, ${Intents.developerPortal}`

/**
 * Whether a token looks like one: three parts, the first of which is the bot's id in base64.
 *
 * @since 0.1.0
 * @category judgements
 */
export const tokenForm = (token: string | undefined): Finding => {
  const problem = (found: string, todo: string): Finding => ({ check: "token", level: "problem", found, todo })
  if (token === undefined || token.trim() === "") {
    return problem("DISCORD_TOKEN is not set", `copy the token from ${portal}, and put it into DISCORD_TOKEN`)
  }
  const bare = token.replace(/^Bot\s+/i, "")
  if (bare !== bare.trim() || /\s/.test(bare)) {
    return problem("DISCORD_TOKEN contains white space", "set it again, without quotes or line breaks")
  }
  const [id = "", ...rest] = bare.split(".")
  const isId = /^\d{15,21}$/.test(Buffer.from(id, "base64").toString("latin1"))
  return isId && rest.length === 2
    ? ok("token", "it has the form of a bot's token")
    : {
      check: "token",
      level: "warning",
      found: "it has not the form of a bot's token: three parts between dots, the first the bot's id",
      todo: `if Discord refuses it, copy it again from ${portal}; it is not the client secret, and not the public key`
    }
}

/** Bits of an application's flags that let a bot have a privileged intent, verified and not. */
const privilegedFlags: Readonly<Record<string, readonly [verified: number, limited: number]>> = {
  GuildPresences: [1 << 12, 1 << 13],
  GuildMembers: [1 << 14, 1 << 15],
  MessageContent: [1 << 18, 1 << 19]
}

/**
 * Whether the application may have the intents. Its flags say which privileged ones are switched on.
 *
 * @see https://docs.discord.com/developers/resources/application#application-object-application-flags
 * @since 0.1.0
 * @category judgements
 */
export const intents = (wanted: Intents.Intents, flags: number): Finding => {
  const names = Intents.names(wanted).filter(Intents.isPrivileged)
  const missing = names.filter((name) => !(privilegedFlags[name] ?? []).some((bit) => (flags & bit) !== 0))
  if (missing.length === 0) {
    return ok("intents", names.length === 0 ? "none of them is privileged" : `${names.join(", ")}: switched on`)
  }
  return {
    check: "intents",
    level: "problem",
    found: `${missing.join(", ")}: not switched on; Discord would close the shard with 4014`,
    todo: `switch on ${
      missing.flatMap((name) => Option.toArray(Intents.portalSwitch(name))).map((label) => `"${label}"`).join(", ")
    } on ${portal}, or ask for fewer`
  }
}

/**
 * @since 0.1.0
 * @category judgements
 */
export const budget = (limit: {
  readonly total: number
  readonly remaining: number
  /** In milliseconds. */
  readonly resetAfter: number
  readonly shards: number
}): Finding => {
  const { remaining, resetAfter, shards, total } = limit
  const found = `${remaining} of ${total} session starts left; they are renewed in ${
    Math.ceil(resetAfter / 3_600_000)
  } h`
  if (remaining < shards) {
    return {
      check: "session budget",
      level: "problem",
      found: `${found}; that is too few for ${shards} shards`,
      todo: "wait for the renewal: at none left Discord resets the token; see what identifies so often"
    }
  }
  return remaining * 10 < total
    ? {
      check: "session budget",
      level: "warning",
      found,
      todo: "keep sessions over restarts (--resume-file, or a SessionStore), so that shards resume"
    }
    : ok("session budget", found)
}

/**
 * A name that the machine's resolver does not know, or does not tell in time.
 *
 * @since 0.1.0
 * @category judgements
 */
export const unresolved = (host: string, reason: string): Finding => ({
  check: "DNS",
  level: "problem",
  found: `${host}: ${reason}`,
  todo: "look at the machine's resolver, and whether the container has a network"
})

/**
 * What stood in the way of a connection.
 *
 * @since 0.1.0
 * @category judgements
 */
export const unreachable = (host: string, reason: string): Finding => ({
  check: "TLS",
  level: "problem",
  found: `${host}: ${reason}`,
  todo: /ECONNREFUSED/.test(reason)
    ? "nothing listens there: look at the gateway's URL, or start what is to listen"
    : /no answer|TIMEDOUT|UNREACH/.test(reason)
    ? "look at the firewall: it must let this machine connect to that port"
    : "look at the clock of this machine, and at a proxy with a certificate of its own: Node knows it by NODE_EXTRA_CA_CERTS"
})

/**
 * How a connection is encrypted, if it is.
 *
 * @since 0.1.0
 * @category judgements
 */
export const encryption = (url: URL, protocol: string | undefined): Finding =>
  protocol !== undefined
    ? ok("TLS", protocol)
    : {
      check: "TLS",
      level: "warning",
      found: `${url.protocol}//${url.host} is not encrypted, and the token goes over it`,
      todo: "fine for vesper simulate or a proxy on this machine; for Discord give a wss:// URL"
    }

/**
 * @since 0.1.0
 * @category judgements
 */
export const roundTrip = (millis: number): Finding =>
  millis < 300
    ? ok("round trip", `${Math.round(millis)} ms to the gateway and back`)
    : {
      check: "round trip",
      level: "warning",
      found: `${Math.round(millis)} ms to the gateway and back`,
      todo: "events come late by half of it: run the bot nearer to the gateway, or look at the network"
    }

/**
 * @since 0.1.0
 * @category getters
 */
export const hasProblem = (findings: ReadonlyArray<Finding>): boolean =>
  findings.some(({ level }) => level === "problem")

const marks: Readonly<Record<Level, string>> = { ok: "ok", warning: "warning", problem: "PROBLEM", skipped: "skipped" }

/**
 * A finding as a person reads it.
 *
 * @since 0.1.0
 * @category rendering
 */
export const text = ({ check, found, level, todo }: Finding): string =>
  `${marks[level].padEnd(8)} ${check.padEnd(15)} ${found}${
    todo === undefined ? "" : `\n${" ".repeat(25)}to do: ${todo}`
  }`
