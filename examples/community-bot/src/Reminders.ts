/** Sends messages by cron, for topics such as `[reminder:0 9 * * 1:Weekly meeting]`, and opens a thread for each. */
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Array, Cron, DateTime, Effect, Either, FiberMap, Layer, Schedule } from "effect"

export interface Reminder {
  readonly cron: Cron.Cron
  readonly text: string
}

/** The fields of a channel that the feature reads. */
interface Channel {
  readonly id: string
  readonly topic?: string | null
}

const pattern = /\[reminder:([^:\]]+):([^\]]+)\]/g

/** Reads the reminders of a topic, and what it has in place of an expression. */
export const parseTopic = (topic: string): readonly [invalid: ReadonlyArray<string>, valid: ReadonlyArray<Reminder>] =>
  Array.separate(
    Array.map(
      [...topic.matchAll(pattern)],
      ([, expression = "", text = ""]) =>
        Either.mapBoth(Cron.parse(expression.trim()), {
          onLeft: () => expression,
          onRight: (cron): Reminder => ({ cron, text: text.trim() })
        })
    )
  )

const retries = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(3))

const remind = (channel: string, text: string) =>
  Effect.gen(function*() {
    const rest = yield* Rest.Rest
    const date = DateTime.formatIsoDateUtc(yield* DateTime.now)
    const message = yield* rest.channels.createMessage(channel, { content: text })
    yield* rest.channels.createThread(channel, { name: `${date} ${text}`.slice(0, 100) }, message.id)
  }).pipe(
    Effect.retry(retries),
    Effect.catchAll((error) => Effect.logError(`A reminder was not sent: ${error.message}`))
  )

export const layer = Layer.unwrapScoped(Effect.gen(function*() {
  const schedules = yield* FiberMap.make<string>()

  /** Replaces the schedules of a channel. */
  const schedule = ({ id, topic }: Channel) =>
    Effect.gen(function*() {
      const [invalid, reminders] = parseTopic(topic ?? "")
      yield* Effect.forEach(invalid, (text) => Effect.logWarning(`Channel ${id} has an invalid cron: ${text}`))
      if (reminders.length === 0) {
        return yield* FiberMap.remove(schedules, id)
      }
      yield* FiberMap.run(
        schedules,
        id,
        Effect.forEach(reminders, ({ cron, text }) => Effect.schedule(remind(id, text), Schedule.cron(cron)), {
          concurrency: "unbounded",
          discard: true
        })
      )
    })

  return Events.layer(Events.handlers({
    GUILD_CREATE: ({ d }) => "channels" in d ? Effect.forEach(d.channels, schedule, { discard: true }) : Effect.void,
    CHANNEL_CREATE: ({ d }) => schedule(d),
    CHANNEL_UPDATE: ({ d }) => schedule(d),
    CHANNEL_DELETE: ({ d }) => FiberMap.remove(schedules, d.id)
  }))
}))
