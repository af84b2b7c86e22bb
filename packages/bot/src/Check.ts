/**
 * Checks that run before a handler, in the order in which they are added. A check that fails with `Rejected` shows its reason to the
 * user, and neither later checks nor the handler run.
 *
 * @since 0.1.0
 */
import * as Permissions from "@vesper/model/Permissions"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Interaction from "./Interaction.js"
import { toText } from "./internal/answers/index.js"

const reject = (reason: string) => Effect.fail(new Interaction.Rejected({ reason }))

/** Adds a check that is made once for each layer. */
const before =
  <R2>(make: () => (interaction: Interaction.Interaction) => Effect.Effect<unknown, unknown, R2>) =>
  <H extends Interaction.Handler<unknown>>(self: H): H & Interaction.Handler<Interaction.Context<H> | R2> => {
    const checked = { ...self, checks: [...self.checks, make] }
    // The handler's requirements are those of H, and the check adds R2.
    return checked as H & Interaction.Handler<Interaction.Context<H> | R2>
  }

/**
 * Adds a check of the program, which fails with `Rejected` to refuse the user.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R2>(
  check: (interaction: Interaction.Interaction) => Effect.Effect<unknown, unknown, R2>
): <H extends Interaction.Handler<unknown>>(self: H) => H & Interaction.Handler<Interaction.Context<H> | R2> =>
  before(() => check)

/**
 * Replaces the text that a check shows to the user, as in `ping.pipe(Check.withText(Check.guildOnly, "Only in a server."))`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withText =
  (check: <H extends Interaction.Handler<unknown>>(self: H) => H, text: Interaction.Text) =>
  <H extends Interaction.Handler<unknown>>(self: H): H => {
    const replaced = check({ ...self, checks: [] }).checks.map((make) => () => {
      const run = make()
      return (interaction: Interaction.Interaction) =>
        Effect.mapError(run(interaction), (error) =>
          error instanceof Interaction.Rejected
            ? new Interaction.Rejected({ reason: toText(text, interaction) })
            : error)
    })
    return { ...self, checks: [...self.checks, ...replaced] }
  }

/**
 * Refuses direct messages.
 *
 * @since 0.1.0
 * @category checks
 */
export const guildOnly: <H extends Interaction.Handler<unknown>>(self: H) => H = before(() => ({ guildId, localize }) =>
  Option.isSome(guildId) ? Effect.void : reject(localize({ default: "This works only in a server." }))
)

const requirePermissions =
  (subject: string, read: (interaction: Interaction.Interaction) => string | undefined) =>
  (...names: ReadonlyArray<Permissions.Name>): <H extends Interaction.Handler<unknown>>(self: H) => H =>
    before(() => (interaction) => {
      const all = BigInt(read(interaction) ?? 0)
      const has = (name: Permissions.Name) => (all & Permissions.of(name, "Administrator")) !== 0n
      const absent = names.filter((name) => !has(name))
      return absent.length === 0 ? Effect.void : reject(`${subject} the permission ${absent.join(", ")} for this.`)
    })

/**
 * Refuses members without all of the permissions in the channel. Administrators have all.
 *
 * @since 0.1.0
 * @category checks
 */
export const permissions = requirePermissions("You need", ({ member }) => Option.getOrUndefined(member)?.permissions)

/**
 * Refuses if the bot does not have all of the permissions in the channel.
 *
 * @since 0.1.0
 * @category checks
 */
export const botPermissions = requirePermissions(
  "I need",
  ({ raw }) => "app_permissions" in raw ? raw.app_permissions : undefined
)

const maxKeys = 10_000
const nanosPerMilli = 1e6

/**
 * Limits how often a user, a guild or a channel uses the handler in this process: by default once in the time, for each user. It
 * remembers at most 10,000 of them.
 *
 * @since 0.1.0
 * @category checks
 */
export const cooldown = (
  every: Duration.DurationInput,
  { per = "user", text = (seconds) => `Try again in ${seconds} seconds.`, uses = 1 }: {
    readonly uses?: number
    readonly per?: "user" | "guild" | "channel"
    /** Makes the text for a user that has to wait. */
    readonly text?: (seconds: number, interaction: Interaction.Interaction) => string
  } = {}
): <H extends Interaction.Handler<unknown>>(self: H) => H =>
  before(() => {
    const millis = Duration.toMillis(every)
    const recent = new Map<string, ReadonlyArray<number>>()
    return (interaction) =>
      Effect.flatMap(Clock.currentTimeNanos, (nanos) => {
        const now = Number(nanos) / nanosPerMilli
        const { channelId, guildId, user } = interaction
        const place = per === "guild" ? guildId : per === "channel" ? channelId : Option.none()
        const key = Option.getOrElse(place, () => user.id)
        const times = (recent.get(key) ?? []).filter((time) => time + millis > now)
        const [oldest] = times
        if (oldest !== undefined && times.length >= uses) {
          return reject(text(Math.ceil((oldest + millis - now) / 1_000), interaction))
        }
        recent.delete(key)
        recent.set(key, [...times, now])
        const [first] = recent.keys()
        if (recent.size > maxKeys && first !== undefined) {
          recent.delete(first)
        }
        return Effect.void
      })
  })
