/** Messages, and the frames that Node 24 made of them: one zstd frame that never ends, a flush for each message. */
import * as Fs from "node:fs"

/** Words in an order without a pattern, not all of them ASCII; the same at each call. */
const prose = (bytes: number): string => {
  const words = ["guild", "déjà", "vu", "😀", "{\"op\":0}", "member", "1149", "null", "\"t\":", "presence"]
  let state = 7
  let text = ""
  while (text.length < bytes) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    text += `${words[state % words.length]}${state % 97} `
  }
  return text
}

export const messages: ReadonlyArray<string> = [
  "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":41250,\"_trace\":[]}}",
  "{\"op\":11}",
  prose(300),
  prose(2_000),
  "0".repeat(300_000),
  "{\"op\":11}",
  prose(5_000),
  "é".repeat(100_000),
  prose(700)
]

/** The frames, from the file that the recorder wrote. */
export const frames = (): ReadonlyArray<Buffer> => {
  const file = new URL("fixtures/zstd.json", import.meta.url)
  const recorded: ReadonlyArray<string> = JSON.parse(Fs.readFileSync(file, "utf8"))
  return recorded.map((frame) => Buffer.from(frame, "base64"))
}
