/** Which intents handlers need, and what to say about those that are missing. Decisions alone. */
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Option from "effect/Option"

/** Where the events of a handler are to come from. */
export type Source = "guilds" | "directMessages" | "everywhere"

/** The intents that a bot may be granted. */
export type PrivilegedName = "GuildMembers" | "GuildPresences" | "MessageContent"

/** What a handler needs. */
export interface Need {
  readonly event: EventType.EventType
  /** None means guilds, and that other sources are fine too if the shard's intents were chosen by somebody else. */
  readonly from: Option.Option<Source>
  readonly intents: ReadonlyArray<Intents.Name>
}

const isDirect = (name: Intents.Name): boolean => name.startsWith("DirectMessage")

/**
 * The intents that let an event through from a source. In guilds there may be two, of which the second adds to the
 * first, as GuildMembers does for THREAD_MEMBERS_UPDATE: the first alone is needed.
 */
export const gates = (event: EventType.EventType, source: Source): ReadonlyArray<Intents.Name> => {
  const all = EventType.intents(event)
  const inGuilds = all.filter((name) => !isDirect(name)).slice(0, 1)
  const direct = all.filter(isDirect)
  switch (source) {
    case "guilds":
      return inGuilds
    case "directMessages":
      // Whatever no direct message can cause has only the one way.
      return direct.length > 0 ? direct : inGuilds
    case "everywhere":
      return [...inGuilds, ...direct]
  }
}

const required = ({ event, from, intents }: Need): ReadonlyArray<Intents.Name> => [
  ...gates(event, Option.getOrElse(from, (): Source => "guilds")),
  ...intents
]

export const intentsOf = (needs: ReadonlyArray<Need>): Intents.Intents => Intents.of(...needs.flatMap(required))

const sentence = (problems: ReadonlyArray<string>): Option.Option<string> =>
  problems.length === 0 ? Option.none() : Option.some(Array.from(new Set(problems)).join("; "))

const switchOn = (name: Intents.Name): string =>
  Option.match(Intents.portalSwitch(name), {
    onNone: () => "",
    onSome: (label) => `switch on "${label}" on the Bot page of your application (${Intents.developerPortal})`
  })

/** Privileged intents that a handler needs and the bot was not granted. */
export const describeUngranted = (needs: ReadonlyArray<Need>, granted: Intents.Intents): Option.Option<string> =>
  sentence(needs.flatMap((need) =>
    required(need)
      .filter((name) => Intents.isPrivileged(name) && !Intents.has(granted, name))
      .map((name) =>
        `the handler of ${need.event} needs the privileged intent ${name}: ${switchOn(name)}, ` +
        `then grant it here with privileged: ["${name}"]`
      )
  ))

/** Intents that a handler needs and a shard does not ask for. */
export const describeMissing = (needs: ReadonlyArray<Need>, intents: Intents.Intents): Option.Option<string> =>
  sentence(needs.flatMap((need) => {
    const missing = required(need).filter((name) => !Intents.has(intents, name))
    const isReached = Option.isNone(need.from) && EventType.isAllowedBy(need.event, intents)
    return missing
      .filter((name) => need.intents.includes(name) || !isReached)
      .map((name) =>
        `the handler of ${need.event} needs the intent ${name}, which the shard does not ask for: add it to its intents${
          Intents.isPrivileged(name) ? `, and ${switchOn(name)}` : ""
        }`
      )
  }))

/** Events that have a handler and that a shard was told not to parse. */
export const describeUnwanted = (
  needs: ReadonlyArray<Need>,
  wanted: Option.Option<ReadonlySet<string>>
): Option.Option<string> =>
  Option.flatMap(wanted, (events) =>
    sentence(
      needs
        .filter(({ event }) => !events.has(event))
        .map(({ event }) => `${event} has a handler but is none of the shard's events: add it to them`)
    ))
