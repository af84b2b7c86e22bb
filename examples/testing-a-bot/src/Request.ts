/** Requests to the bot, parsed from messages. */
import { Data, Duration, Option } from "effect"

export type Request = Data.TaggedEnum<{
  Focus: { readonly duration: Duration.Duration }
  Stop: {}
}>

export const { $match: match, Focus, Stop } = Data.taggedEnum<Request>()

const longestMinutes = 480

/** `!focus 25`, in minutes up to eight hours, or `!stop`; none for anything else that is said. */
export const parse = (content: string): Option.Option<Request> => {
  const [command, argument, ...rest] = content.trim().split(/\s+/)
  if (rest.length > 0) {
    return Option.none()
  }
  if (command === "!stop" && argument === undefined) {
    return Option.some(Stop())
  }
  const minutes = argument !== undefined && /^\d{1,3}$/.test(argument) ? Number(argument) : 0
  return command === "!focus" && minutes >= 1 && minutes <= longestMinutes
    ? Option.some(Focus({ duration: Duration.minutes(minutes) }))
    : Option.none()
}
