/**
 * One complete payload for every event that Discord documents, with made-up values.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import type * as Control from "@vesper/model/Control"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as fs from "node:fs"

/**
 * Control payloads by name.
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
 * Returns the JSON of a payload.
 *
 * @since 0.1.0
 * @category getters
 */
export const text = (name: EventType.EventType | keyof Controls): string =>
  fs.readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")

/**
 * Returns the payload of an event, a new copy with each call.
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
  // Each fixture satisfies the schema of its event, which a test verifies.
  const payload: Dispatch.Of<T> = JSON.parse(text(type))
  return payload
}

/**
 * Returns a control payload, a new copy with each call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const control = <N extends keyof Controls>(name: N): Controls[N] => {
  // A test decodes each of them.
  const payload: Controls[N] = JSON.parse(text(name))
  return payload
}

/**
 * Returns the payloads of all events, in the order of `EventType.all`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all = (): ReadonlyArray<Dispatch.Known> =>
  // `of` returns the member of the union with this name.
  EventType.all.map((type) => of(type) as Dispatch.Known)
