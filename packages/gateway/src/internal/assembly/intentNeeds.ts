/** Derives the intents that handlers need, and describes those that are missing. Pure functions. */
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Option from "effect/Option"
import type { EventOrigin } from "../../Events.js"

/** The event of a handler, and the intents that it needs. */
export interface IntentNeed {
  readonly event: EventType.EventName
  /** None means guilds, or any origin that intents from elsewhere in the shard's config include. */
  readonly from: Option.Option<EventOrigin>
  readonly intents: ReadonlyArray<Intents.Name>
}

const isDirect = (name: Intents.Name): boolean => name.startsWith("DirectMessage")

/**
 * Returns the intents that an event from the origin requires. An event of guilds can have two, of which only the first is required and
 * the second adds to it, as GuildMembers does for THREAD_MEMBERS_UPDATE.
 */
export const admittingIntents = (event: EventType.EventName, origin: EventOrigin): ReadonlyArray<Intents.Name> => {
  const all = EventType.isKnown(event) ? EventType.intents(event) : []
  const inGuilds = all.filter((name) => !isDirect(name)).slice(0, 1)
  const direct = all.filter(isDirect)
  switch (origin) {
    case "guilds":
      return inGuilds
    case "directMessages":
      // An event that no direct message can cause has the intents of guilds only.
      return direct.length > 0 ? direct : inGuilds
    case "everywhere":
      return [...inGuilds, ...direct]
  }
}

const requiredIntents = ({ event, from, intents }: IntentNeed): ReadonlyArray<Intents.Name> => [
  ...admittingIntents(event, Option.getOrElse(from, (): EventOrigin => "guilds")),
  ...intents
]

/** Returns the intents that all handlers together need. */
export const mergeIntents = (needs: ReadonlyArray<IntentNeed>): Intents.Intents =>
  Intents.of(...needs.flatMap(requiredIntents))

const joinProblems = (problems: ReadonlyArray<string>): Option.Option<string> =>
  problems.length === 0 ? Option.none() : Option.some(Array.from(new Set(problems)).join("; "))

const describeSwitch = (name: Intents.Name): string =>
  Option.match(Intents.portalSwitch(name), {
    onNone: () => "",
    onSome: (label) => `switch on "${label}" on the Bot page of your application (${Intents.developerPortal})`
  })

/** Describes privileged intents that a handler needs and the bot was not granted. */
export const describeUngranted = (needs: ReadonlyArray<IntentNeed>, granted: Intents.Intents): Option.Option<string> =>
  joinProblems(needs.flatMap((need) =>
    requiredIntents(need)
      .filter((name) => Intents.isPrivileged(name) && !Intents.has(granted, name))
      .map((name) =>
        `the handler of ${need.event} needs the privileged intent ${name}: ${describeSwitch(name)}, ` +
        `then grant it here with privileged: ["${name}"]`
      )
  ))

/** Describes intents that a handler needs and the shard's config does not include. */
export const describeMissing = (needs: ReadonlyArray<IntentNeed>, intents: Intents.Intents): Option.Option<string> =>
  joinProblems(needs.flatMap((need) => {
    const missing = requiredIntents(need).filter((name) => !Intents.has(intents, name))
    const isReached = Option.isNone(need.from) && EventType.isKnown(need.event) &&
      EventType.isAllowedBy(need.event, intents)
    return missing
      .filter((name) => need.intents.includes(name) || !isReached)
      .map((name) =>
        `the handler of ${need.event} needs the intent ${name}, which the shard does not request: add it to its intents${
          Intents.isPrivileged(name) ? `, and ${describeSwitch(name)}` : ""
        }`
      )
  }))

/** Describes events that have a handler and that the shard's config excludes. */
export const describeUnwanted = (
  needs: ReadonlyArray<IntentNeed>,
  wanted: Option.Option<ReadonlySet<string>>
): Option.Option<string> =>
  Option.flatMap(wanted, (events) =>
    joinProblems(
      needs
        .filter(({ event }) => !events.has(event))
        .map(({ event }) => `${event} has a handler but is not in the shard's \`events\`: add it`)
    ))
