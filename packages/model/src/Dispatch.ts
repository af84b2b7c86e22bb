/**
 * Events, in the shapes that Discord sends, with the types that the rest of the ecosystem speaks.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import type { GatewayDispatchPayload } from "discord-api-types/v10"
import * as EventType from "./EventType.js"
import * as Opcode from "./Opcode.js"

// discord-api-types names events by an enum, whose members no string literal equals; as template literals they do.
type PayloadOf<T extends EventType.EventType> = GatewayDispatchPayload extends infer P
  ? P extends { readonly t: infer Name extends string } ? T extends `${Name}` ? P : never : never
  : never

/**
 * The body of an event.
 *
 * @since 0.1.0
 * @category models
 */
export type DataOf<T extends EventType.EventType> = PayloadOf<T> extends { readonly d: infer D } ? D : unknown

/**
 * The event of a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Of<T extends EventType.EventType> {
  readonly op: typeof Opcode.Dispatch
  readonly t: T
  /** Its number in the session. */
  readonly s: number
  readonly d: DataOf<T>
}

/**
 * Any event that Discord documents.
 *
 * @since 0.1.0
 * @category models
 */
export type Known = { readonly [T in EventType.EventType]: Of<T> }[EventType.EventType]

/**
 * An event that this version does not know, with its name and body as received.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnknownDispatch {
  readonly op: typeof Opcode.Dispatch
  /** No event of Discord's is called so. */
  readonly t: "UnknownDispatch"
  readonly name: string
  readonly s: number
  readonly d: unknown
}

/**
 * Any event. `event.t` discriminates: after `event.t === "MESSAGE_CREATE"`, `event.d` is a message.
 *
 * @since 0.1.0
 * @category models
 */
export type Dispatch = Known | UnknownDispatch

/**
 * A dispatch as received.
 *
 * @since 0.1.0
 * @category models
 */
export interface Payload {
  readonly op: typeof Opcode.Dispatch
  readonly t: string
  readonly s: number
  readonly d: unknown
}

const isKnownPayload = (payload: Payload): payload is Payload & Known => EventType.isKnown(payload.t)

/**
 * Types a payload. The body is trusted to have the documented shape.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Dispatch } from "@vesper/model"
 *
 * const event = Dispatch.fromPayload({ op: 0, t: "BRAND_NEW", s: 1, d: { id: "1" } })
 * assert.deepStrictEqual(event, { op: 0, t: "UnknownDispatch", name: "BRAND_NEW", s: 1, d: { id: "1" } })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromPayload = (payload: Payload): Dispatch =>
  isKnownPayload(payload)
    ? payload
    : { op: Opcode.Dispatch, t: "UnknownDispatch", name: payload.t, s: payload.s, d: payload.d }

/**
 * Returns the name as Discord sent it, also of an event that this version does not know.
 *
 * @since 0.1.0
 * @category getters
 */
export const name = (self: Dispatch): EventType.EventName =>
  self.t === "UnknownDispatch" ? EventType.unknownName(self.name) : self.t

/**
 * Narrows to events that this version does not know: those of some names, or all.
 *
 * @since 0.1.0
 * @category guards
 */
export const isUnknown = (...names: ReadonlyArray<string>) => (self: Dispatch): self is UnknownDispatch =>
  self.t === "UnknownDispatch" && (names.length === 0 || names.includes(self.name))

/**
 * Narrows to the events of some names, for `Stream.filter` and the like.
 *
 * @example
 * ```ts
 * import { Dispatch } from "@vesper/model"
 * import { Effect, Stream } from "effect"
 *
 * const contents = (events: Stream.Stream<Dispatch.Dispatch>) =>
 *   events.pipe(
 *     Stream.filter(Dispatch.is("MESSAGE_CREATE", "MESSAGE_UPDATE")),
 *     Stream.map((event) => event.d.content)
 *   )
 *
 * Effect.runSync(Stream.runCollect(contents(Stream.empty)))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const is =
  <T extends EventType.EventType>(...names: ReadonlyArray<T>) => (self: Dispatch): self is Of<T> & Known =>
    names.some((name) => name === self.t)
