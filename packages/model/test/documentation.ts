/** The facts of Discord's documentation that the model follows. */

/** In the documentation's own notation: `name?` may be absent, `?type` may be null. */
export type Fields = Readonly<Record<string, string>>

export interface DocumentedEvent {
  /** The structure whose fields the event has. */
  readonly base?: string
  /** An alternative structure. */
  readonly or?: string
  /** The fields that it takes of its base, when not all. */
  readonly only?: ReadonlyArray<string>
  /** The fields of its base that it lacks. */
  readonly without?: ReadonlyArray<string>
  /** Its fields in addition to those of its base. */
  readonly fields: Fields
}

export interface Documentation {
  readonly opcodes: Readonly<Record<string, string>>
  readonly closeCodes: Readonly<Record<string, string>>
  readonly intents: Readonly<Record<string, { readonly bit: number; readonly events: ReadonlyArray<string> }>>
  readonly events: Readonly<Record<string, DocumentedEvent>>
  readonly structures: Readonly<Record<string, Fields>>
  /** Bits by name, by title of their table. */
  readonly flags: Readonly<Record<string, Readonly<Record<string, number>>>>
}
