/** An entry of the simulator's log as a line. */
import * as Opcode from "@vesper/model/Opcode"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Option from "effect/Option"
import { writeData } from "../config/index.js"
import { clean, counted, type Line, type Tone } from "../tui/index.js"

const opcodeName = (op: number): string => Option.getOrElse(Opcode.name(op), () => `opcode ${op}`)

/** Sessions of the simulator are numbered with leading zeros. */
const shortened = (session: string): string => session.replace(/^0+(?=.)/, "")

const stringify = (data: unknown): string => writeData(data, (data) => JSON.stringify(data) ?? "nothing")

const entry = (title: string, text: string, tone: Tone): readonly [title: string, text: string, tone: Tone] => [
  title,
  text,
  tone
]

const describe = LogEntry.match({
  Opened: ({ url }) => entry("opened", url, "accent"),
  Refused: ({ status, url }) => entry("refused", `${status} ${url}`, "bad"),
  Received: ({ bytes, d, op }) => entry("received", `${opcodeName(op)}, ${bytes} bytes: ${stringify(d)}`, "accent"),
  Sent: ({ op, s, t }) => entry("sent", op === Opcode.Dispatch ? `${t} (${s})` : opcodeName(op), "accent"),
  Identified: ({ intents, session }) =>
    entry("identified", `session ${shortened(session)}, intents ${intents}`, "good"),
  Resumed: ({ replayed, session }) =>
    entry("resumed", `session ${shortened(session)}, ${counted(replayed, "event")} replayed`, "good"),
  Closed: ({ by, code, reason }) =>
    entry(
      "closed",
      `by the ${by}${code === undefined ? ", without a close frame" : ` with ${code}`}${
        reason === "" ? "" : `: ${reason}`
      }`,
      "busy"
    ),
  SessionEnded: ({ session, why }) => entry("session ended", `${shortened(session)}: ${why}`, "busy"),
  Requested: ({ body, method, path, status }) =>
    entry("request", `${status} ${method} ${path}${body === undefined ? "" : ` ${stringify(body)}`}`, "accent"),
  Violation: ({ detail, rule }) => entry("VIOLATION", `${rule}: ${detail}`, "bad")
})

export const toLine = (self: LogEntry.LogEntry): Line => {
  const [title, text, tone] = describe(self)
  const { at, connection, shard } = self
  return {
    at,
    ...(shard !== undefined && { shard }),
    origin: [...(connection === 0 ? [] : [`c${connection}`]), ...(shard === undefined ? [] : [`#${shard}`])].join(" "),
    title,
    text: clean(text),
    tone
  }
}

/** An entry as a line of JSON. */
export const toJson = ({ _tag, ...entry }: LogEntry.LogEntry): string =>
  writeData("d" in entry ? entry.d : undefined, (d) => JSON.stringify({ kind: _tag, ...entry, d }))
