/**
 * One full payload for every event that Discord documents, with every field that the documentation has. All values are
 * made up.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import type * as Control from "@vesper/model/Control"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as fs from "node:fs"

/**
 * The payloads that are no events.
 *
 * @since 0.1.0
 * @category models
 */
export interface Controls {
  readonly HELLO: Control.Hello
  readonly RECONNECT: Control.Reconnect
  readonly INVALID_SESSION: Control.InvalidSession
}

/**
 * The text of a payload, as it comes over the wire.
 *
 * @since 0.1.0
 * @category getters
 */
export const text = (name: EventType.EventType | keyof Controls): string =>
  fs.readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")

/**
 * The payload of an event. Each call gives a copy of its own.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fixture } from "@vesper/testing"
 *
 * const event = Fixture.of("MESSAGE_CREATE")
 * assert.strictEqual(event.t, "MESSAGE_CREATE")
 * assert.strictEqual(typeof event.d.content, "string")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = <T extends EventType.EventType>(type: T): Dispatch.Of<T> => {
  // Each fixture passes the schema of its event, as the tests hold.
  const payload: Dispatch.Of<T> = JSON.parse(text(type))
  return payload
}

/**
 * A payload that is no event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const control = <N extends keyof Controls>(name: N): Controls[N] => {
  // As for the events.
  const payload: Controls[N] = JSON.parse(text(name))
  return payload
}

/**
 * The payloads of all events, in the order of `EventType.all`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all = (): ReadonlyArray<Dispatch.Known> =>
  // What has the name of an event is that event.
  EventType.all.map((type) => of(type) as Dispatch.Known)
