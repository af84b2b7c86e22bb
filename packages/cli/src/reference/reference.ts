/** Explanations of close codes, opcodes, events, errors and intents, and their search by number or name. */
import type * as ShardError from "@vesper/gateway/ShardError"
import * as CloseCode from "@vesper/model/CloseCode"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { didYouMean } from "../config/index.js"
import { shardErrors, tags } from "./shardErrors.js"

/** An explanation. Facts are in the order of the text; a list stays a list in JSON. */
export interface Explanation {
  readonly kind: "close code" | "opcode" | "event" | "error" | "intent"
  /** The code, or the bit of an intent. */
  readonly number?: number
  readonly name: string
  readonly facts: Readonly<Record<string, string | boolean | ReadonlyArray<string>>>
}

const docs = "https://docs.discord.com/developers"

const describeReconnect = ({ mayReconnect, mayResume }: CloseCode.CloseCode): string =>
  mayResume
    ? "reconnects, and resumes its session"
    : mayReconnect
    ? "reconnects with a new session, through the identify queue"
    : "stops with a FatallyClosedError, because a reconnect would be closed again"

const closeCodeEntry = (closeCode: CloseCode.CloseCode): Explanation => ({
  kind: "close code",
  number: closeCode.code,
  name: closeCode.name,
  facts: {
    meaning: closeCode.explanation,
    reconnects: closeCode.mayReconnect,
    resumes: closeCode.mayResume,
    shard: describeReconnect(closeCode),
    // The only code whose remedy is in the developer portal.
    ...(closeCode.name === "DisallowedIntents" && {
      "to do": `compare the Bot page (${Intents.developerPortal}) with: vesper intents ${
        Intents.privilegedNames.map(Intents.documentedName).join(" ")
      }`
    }),
    docs: `${docs}/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes`
  }
})

const opcodeEntry = (opcode: Opcode.Opcode): Explanation => ({
  kind: "opcode",
  number: opcode,
  name: Option.getOrElse(Opcode.name(opcode), () => ""),
  facts: {
    meaning: Opcode.describe(opcode),
    "sent by": [
      ...(Opcode.isSent(opcode) ? ["the shard"] : []),
      ...(Opcode.isReceived(opcode) ? ["the gateway"] : [])
    ],
    docs: `${docs}/topics/opcodes-and-status-codes#gateway-gateway-opcodes`
  }
})

const switchOn = (name: Intents.Name): string | undefined =>
  Option.getOrUndefined(Option.map(
    Intents.portalSwitch(name),
    (label) =>
      `switch on "${label}" on the Bot page of your application, ${Intents.developerPortal}; ` +
      "without it Discord closes the shard with 4014"
  ))

const eventEntry = (event: EventType.EventType): Explanation => {
  const gates = EventType.intents(event)
  const [first] = gates
  // With several intents the event is sent without the privileged one.
  const todo = first === undefined || gates.length > 1 ? undefined : switchOn(first)
  return {
    kind: "event",
    name: event,
    facts: {
      when: EventType.describe(event),
      intents: gates.map(Intents.documentedName),
      "gated by": first === undefined
        ? "nothing, it is always sent"
        : gates.length === 1
        ? Intents.documentedName(first)
        : `any one of ${gates.map(Intents.documentedName).join(", ")}`,
      ...(todo !== undefined && { "to do": todo }),
      code: `Events.on("${event}", (event) => ...)`,
      docs: `${docs}/events/gateway-events#${event.toLowerCase().replaceAll("_", "-")}`
    }
  }
}

const errorEntry = (tag: ShardError.ShardError["_tag"]): Explanation => {
  const { advice, next, when } = shardErrors[tag]
  return { kind: "error", name: tag, facts: { when, shard: next, "to do": advice } }
}

/** The explanation of an intent. */
export const intent = (name: Intents.Name): Explanation => {
  const events = EventType.all.filter((event) => EventType.intents(event).includes(name))
  return {
    kind: "intent",
    number: Intents.bit(name),
    name,
    facts: {
      documented: Intents.documentedName(name),
      value: String(Number(Intents.of(name))),
      privileged: Intents.isPrivileged(name),
      "lets through": Intents.describe(name),
      events,
      "to do": switchOn(name) ?? `request it: Intents.of("${name}")`
    }
  }
}

/** All explanations. */
export const all: ReadonlyArray<Explanation> = [
  ...CloseCode.all.map(closeCodeEntry),
  ...Opcode.all.map(opcodeEntry),
  ...EventType.all.map(eventEntry),
  ...tags.map(errorEntry),
  ...Intents.allNames.map(intent)
]

const withArticle = (noun: string): string => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`

const normalise = (text: string): string => text.replace(/[^a-z0-9]/gi, "").toLowerCase()

const kinds: Readonly<Record<string, Explanation["kind"]>> = {
  op: "opcode",
  opcode: "opcode",
  close: "close code",
  code: "close code",
  event: "event",
  error: "error",
  intent: "intent"
}

/** An intent is not found by its bit: `vesper intents` reads bits. */
const hasName = (entry: Explanation, name: string): boolean =>
  normalise(entry.name) === name || (entry.kind !== "intent" && String(entry.number) === name)

/**
 * Finds explanations by number or name, in any notation: a close code, an opcode (`9` or `op 9`), an event, an error or an
 * intent. A name may have several meanings. The left side is one sentence with a suggestion.
 */
export const find = (words: ReadonlyArray<string>): Either.Either<ReadonlyArray<Explanation>, string> => {
  const parts = words.flatMap((word) => word.trim().split(/\s+/)).filter((word) => word !== "")
  const [first = "", ...rest] = parts
  const kind = rest.length > 0 ? kinds[normalise(first)] : undefined
  const text = (kind === undefined ? parts : rest).join(" ")
  const candidates = all.filter((entry) => kind === undefined || entry.kind === kind)
  const found = candidates.filter((entry) => hasName(entry, normalise(text)))
  return found.length > 0 ? Either.right(found) : Either.left(unknown(text, candidates, kind))
}

const unknown = (
  text: string,
  candidates: ReadonlyArray<Explanation>,
  kind: Explanation["kind"] | undefined
): string => {
  const isNumber = /^\d+$/.test(text)
  const names = candidates
    .filter(({ kind }) => kind !== "intent" || !isNumber)
    .flatMap(({ name, number }) => isNumber ? number === undefined ? [] : [String(number)] : [name])
    .filter((name) => !isNumber || name.length === text.length)
  const about = kind !== undefined
    ? `not ${withArticle(kind)}`
    : isNumber && Number(text) >= 1000
    ? "not a close code that Discord documents (a shard reconnects after it, and resumes)"
    : "not a close code, opcode, event, error or intent"
  return `"${text}" is ${about}${didYouMean(text, names) || "; name one as in: 4014, op 9, MESSAGE_CREATE, Guilds"}`
}

/**
 * Reads intents: by name, by the position of a bit (up to 52), or as a sum (from 53 on). Without words, all of them. Bits
 * without an intent are kept.
 */
export const findIntents = (words: ReadonlyArray<string>): Either.Either<Intents.Intents, string> =>
  Either.map(
    Either.all(
      words.flatMap((word) => word.split(",")).map((word) => word.trim()).filter((word) => word !== "").map(findIntent)
    ),
    (found) => words.length === 0 ? Intents.all : found.reduce((all, more) => Intents.union(all, more), Intents.none)
  )

const findIntent = (word: string): Either.Either<Intents.Intents, string> => {
  if (!/^\d+$/.test(word)) {
    return Either.mapLeft(Intents.parse([word]), ({ message }) => message)
  }
  const number = Number(word)
  if (number > 52) {
    return Either.mapLeft(Intents.fromBits(number), ({ message }) => message)
  }
  const name = Intents.allNames.find((name) => Intents.bit(name) === number)
  return name === undefined
    ? Either.left(
      `bit ${number} is not an intent; the bits are ${Intents.allNames.map(Intents.bit).join(", ")}`
    )
    : Either.right(Intents.of(name))
}

const render = (value: string | boolean | ReadonlyArray<string>): string =>
  typeof value === "string" ? value : typeof value === "boolean" ? (value ? "yes" : "no") : value.join(", ") || "none"

/** An explanation as text. */
export const text = (entry: Explanation): string => {
  const title = entry.kind === "intent"
    ? `${entry.name}, an intent: bit ${entry.number}`
    : `${[entry.number, entry.name].filter((part) => part !== undefined).join(" ")}, ${withArticle(entry.kind)}`
  const facts = Object.entries(entry.facts)
    // "gated by" already lists them.
    .filter(([label]) => !(entry.kind === "event" && label === "intents"))
  const width = Math.max(...facts.map(([label]) => label.length))
  return [title, ...facts.map(([label, value]) => `  ${label.padEnd(width)}  ${render(value)}`)].join("\n")
}

const camelCase = (label: string): string => label.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())

/** An explanation as an object for JSON. */
export const json = ({ facts, kind, name, number }: Explanation): object => ({
  kind,
  name,
  ...(number !== undefined && { [kind === "intent" ? "bit" : "code"]: number }),
  ...Object.fromEntries(Object.entries(facts).map(([label, value]) => [camelCase(label), value]))
})
