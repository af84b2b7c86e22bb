/**
 * What there is to know about a close code, an opcode, an event, an error or an intent, and how it is found by what
 * people type.
 *
 * @since 0.1.0
 */
import * as ShardError from "@vesper/gateway/ShardError"
import * as CloseCode from "@vesper/model/CloseCode"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { orRather } from "./internal/nearest.js"

/**
 * One thing, with what is to be said about it. The facts are in the order in which they are read; `facts` that are
 * lists stay lists in JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly kind: "close code" | "opcode" | "event" | "error" | "intent"
  /** Its number, of those that have one. */
  readonly number?: number
  readonly name: string
  readonly facts: Readonly<Record<string, string | boolean | ReadonlyArray<string>>>
}

const docs = "https://docs.discord.com/developers"

const nextOf = ({ mayReconnect, mayResume }: CloseCode.CloseCode): string =>
  mayResume
    ? "reconnects, and resumes its session"
    : mayReconnect
    ? "reconnects with a new session, by the identify queue"
    : "stops with a FatallyClosedError: no reconnect would help"

const closeCodeEntry = (closeCode: CloseCode.CloseCode): Entry => ({
  kind: "close code",
  number: closeCode.code,
  name: closeCode.name,
  facts: {
    meaning: closeCode.explanation,
    reconnects: closeCode.mayReconnect,
    resumes: closeCode.mayResume,
    shard: nextOf(closeCode),
    // The one code of which the cause is a click away.
    ...(closeCode.name === "DisallowedIntents" && {
      "to do": `compare the Bot page (${Intents.developerPortal}) with: vesper intents ${
        Intents.privilegedNames.map(Intents.documentedName).join(" ")
      }`
    }),
    docs: `${docs}/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes`
  }
})

const opcodeEntry = (opcode: Opcode.Opcode): Entry => ({
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
  Option.match(Intents.portalSwitch(name), {
    onNone: () => undefined,
    onSome: (label) =>
      `switch on "${label}" on the Bot page of your application, ${Intents.developerPortal}; ` +
      "without it Discord closes the shard with 4014"
  })

const privilegedAmong = (names: ReadonlyArray<Intents.Name>) => names.flatMap((name) => switchOn(name) ?? [])

const eventEntry = (event: EventType.EventType): Entry => {
  const gates = EventType.intents(event)
  const [first] = gates
  // Only where there is no other way is the switch something to do.
  const todo = gates.length === 1 ? privilegedAmong(gates) : []
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
      ...(todo.length > 0 && { "to do": todo.join("; ") }),
      code: `Events.on("${event}", (event) => ...)`,
      docs: `${docs}/events/gateway-events#${event.toLowerCase().replaceAll("_", "-")}`
    }
  }
}

const errorEntry = (tag: ShardError.ShardError["_tag"]): Entry => {
  const { advice, next, when } = ShardError.explain(tag)
  return { kind: "error", name: tag, facts: { when, shard: next, "to do": advice } }
}

/**
 * What there is to know about an intent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const intent = (name: Intents.Name): Entry => {
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
      "to do": switchOn(name) ?? `nothing but to ask for it: Intents.of("${name}")`
    }
  }
}

/**
 * Everything that can be explained.
 *
 * @since 0.1.0
 * @category constants
 */
export const all: ReadonlyArray<Entry> = [
  ...CloseCode.all.map(closeCodeEntry),
  ...Opcode.all.map(opcodeEntry),
  ...EventType.all.map(eventEntry),
  ...ShardError.tags.map(errorEntry),
  ...Intents.allNames.map(intent)
]

const normalise = (text: string): string => text.replace(/[^a-z0-9]/gi, "").toLowerCase()

const kinds: Readonly<Record<string, Entry["kind"]>> = {
  op: "opcode",
  opcode: "opcode",
  close: "close code",
  code: "close code",
  event: "event",
  error: "error",
  intent: "intent"
}

/** The bit of an intent is no number that it is called by here. */
const isCalled = (entry: Entry, name: string): boolean =>
  normalise(entry.name) === name || (entry.kind !== "intent" && String(entry.number) === name)

/**
 * Finds what was typed: a close code, an opcode (`9` or `op 9`), an event, an error or an intent, by number or name, in
 * any way of writing it. A name may stand for several things. The left side is one sentence with a suggestion.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (words: ReadonlyArray<string>): Either.Either<ReadonlyArray<Entry>, string> => {
  const parts = words.flatMap((word) => word.trim().split(/\s+/)).filter((word) => word !== "")
  const [first = "", ...rest] = parts
  const kind = rest.length > 0 ? kinds[normalise(first)] : undefined
  const text = (kind === undefined ? parts : rest).join(" ")
  const candidates = all.filter((entry) => kind === undefined || entry.kind === kind)
  const found = candidates.filter((entry) => isCalled(entry, normalise(text)))
  return found.length > 0 ? Either.right(found) : Either.left(unknown(text, candidates, kind))
}

const unknown = (text: string, candidates: ReadonlyArray<Entry>, kind: Entry["kind"] | undefined): string => {
  const isNumber = /^\d+$/.test(text)
  const names = candidates
    .filter(({ kind }) => kind !== "intent" || !isNumber)
    .flatMap(({ name, number }) => isNumber ? number === undefined ? [] : [String(number)] : [name])
    .filter((name) => !isNumber || name.length === text.length)
  const about = kind !== undefined
    ? `no ${kind}`
    : isNumber && Number(text) >= 1000
    ? "no close code that Discord documents (a shard reconnects after one, and resumes)"
    : "neither close code, opcode, event, error nor intent"
  return `"${text}" is ${about}${orRather(text, names) || "; name one as in: 4014, op 9, MESSAGE_CREATE, Guilds"}`
}

/**
 * The intents that were typed, by name, by the position of a bit (up to 52), or as a sum (from 53 on). Nothing typed
 * means all of them. Bits that stand for no intent are given too.
 *
 * @since 0.1.0
 * @category getters
 */
export const findIntents = (words: ReadonlyArray<string>): Either.Either<Intents.Intents, string> => {
  if (words.length === 0) {
    return Either.right(Intents.all)
  }
  return words.flatMap((word) => word.split(",")).filter((word) => word.trim() !== "").reduce(
    (found: Either.Either<Intents.Intents, string>, word) =>
      Either.flatMap(found, (intents) => Either.map(findIntent(word.trim()), (more) => Intents.union(intents, more))),
    Either.right(Intents.none)
  )
}

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
      `bit ${number} stands for no intent; the bits are ${Intents.allNames.map(Intents.bit).join(", ")}`
    )
    : Either.right(Intents.of(name))
}

const written = (value: string | boolean | ReadonlyArray<string>): string =>
  typeof value === "string" ? value : typeof value === "boolean" ? (value ? "yes" : "no") : value.join(", ") || "none"

/**
 * As a person reads it.
 *
 * @since 0.1.0
 * @category rendering
 */
export const text = (entry: Entry): string => {
  const title = entry.kind === "intent"
    ? `${entry.name}, an intent: bit ${entry.number}`
    : `${[entry.number, entry.name].filter((part) => part !== undefined).join(" ")}, ${
      /^[aeiou]/.test(entry.kind) ? "an" : "a"
    } ${entry.kind}`
  const facts = Object.entries(entry.facts)
    // Said in a sentence already.
    .filter(([label]) => !(entry.kind === "event" && label === "intents"))
  const width = Math.max(...facts.map(([label]) => label.length))
  return [title, ...facts.map(([label, value]) => `  ${label.padEnd(width)}  ${written(value)}`)].join("\n")
}

const camelCase = (label: string): string => label.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())

/**
 * As a program reads it: one object.
 *
 * @since 0.1.0
 * @category rendering
 */
export const json = ({ facts, kind, name, number }: Entry): object => ({
  kind,
  name,
  ...(number !== undefined && { [kind === "intent" ? "bit" : "code"]: number }),
  ...Object.fromEntries(Object.entries(facts).map(([label, value]) => [camelCase(label), value]))
})
