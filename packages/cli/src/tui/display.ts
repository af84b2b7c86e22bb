/** A view as data. The terminal and the status page draw it; a command that has a view builds it from its state. */

/** The meaning of a colour. */
export type Tone = "good" | "busy" | "bad" | "quiet" | "accent"

/** A figure of the summary, such as `41` `events`. */
export interface Fact {
  readonly label: string
  readonly value: string
  readonly tone?: Tone | undefined
}

export const fact = (label: string, value: number | string, tone?: Tone): Fact => ({
  label,
  value: String(value),
  tone
})

/** A shard in a row of shards. */
export interface Mark {
  readonly symbol: string
  readonly text: string
  readonly tone: Tone
  /** The status in words. */
  readonly label: string
}

export interface Cell {
  readonly text: string
  readonly tone?: Tone | undefined
  /** The last values of a measurement, oldest first: drawn as a curve in place of the text. */
  readonly trend?: ReadonlyArray<number>
  /** A share from 0 to 1: drawn as a bar. */
  readonly share?: number
  readonly marks?: ReadonlyArray<Mark>
}

export interface Column {
  readonly title: string
  /** In columns of a terminal. */
  readonly width: number
  /** Columns with the least weight are left out of a narrow terminal. */
  readonly weight: number
  readonly isNumber?: boolean
}

export interface Row {
  readonly cells: ReadonlyArray<Cell>
  /** Shown before the others if there is not enough room. */
  readonly isTroubled?: boolean
}

/** A line of the log: an event, or a notice. */
export interface Line {
  /** In milliseconds since 1970. */
  readonly at: number
  /** The shard that it belongs to, if it belongs to one. */
  readonly shard?: number | undefined
  /** Its origin, such as `#3`, or `c1 #3` for a connection of a shard. */
  readonly origin: string
  readonly title: string
  readonly text: string
  readonly tone: Tone
}

/** A part of a view. `share` is the largest part of a terminal's rows that it takes. */
export type Panel =
  & { readonly title: string; readonly share: number }
  & (
    | { readonly kind: "marks"; readonly marks: ReadonlyArray<Mark> }
    | {
      readonly kind: "table"
      readonly caption: string
      readonly columns: ReadonlyArray<Column>
      readonly rows: ReadonlyArray<Row>
      /** Shown in place of a table without rows. */
      readonly empty: string
    }
    | { readonly kind: "lines"; readonly lines: ReadonlyArray<Line>; readonly empty: string }
  )

export interface Display {
  readonly title: string
  /** In milliseconds since 1970. */
  readonly at: number
  /** The state in a few characters: a part of the page's title. */
  readonly badge: string
  readonly facts: ReadonlyArray<Fact>
  /** A change that is in progress. */
  readonly notice: string | null
  /** In the order in which they are drawn, the most important first. */
  readonly panels: ReadonlyArray<Panel>
  /** Oldest first. */
  readonly log: ReadonlyArray<Line>
  /** The lines that a filter searches, with their description. */
  readonly searched: { readonly lines: ReadonlyArray<Line>; readonly what: string }
}

/** The state of a command at one time. */
export interface Moment {
  /** Plain data for programs. */
  readonly status: object
  readonly display: Display
  readonly readiness: { readonly isReady: boolean; readonly text: string }
}
