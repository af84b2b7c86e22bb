/** Updates `Latency` when a heartbeat is sent or acknowledged. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Latency from "../../Latency.js"

/** Records a heartbeat that is sent at `now`, in milliseconds of monotonic time. */
export const recordSent = (self: Latency.Latency, now: number): Latency.Latency =>
  new Latency.Latency({ ...self, beats: self.beats + 1, sent: Option.some(now), received: Option.none() })

/** Records an acknowledgement at `now`, in milliseconds of monotonic time, unless no heartbeat awaits one. */
export const recordAcknowledged = (self: Latency.Latency, now: number): Latency.Latency => {
  if (Option.isNone(self.sent) || Option.isSome(self.received)) {
    return self
  }
  const millis = Math.max(0, now - self.sent.value)
  return new Latency.Latency({
    ...self,
    periods: self.periods + 1,
    totalMillis: self.totalMillis + millis,
    recent: Chunk.unsafeFromArray(
      [Duration.millis(millis), ...Chunk.toReadonlyArray(self.recent).slice(0, Latency.recentSize - 1)]
    ),
    received: Option.some(now)
  })
}
