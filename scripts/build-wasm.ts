/**
 * Makes `latin1Module.ts` of `latin1.wat`. What it makes is committed, so that neither an install nor a bundler needs it;
 * a test says when the two differ.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import Wabt from "wabt"

const folder = Path.resolve(import.meta.dirname, "../packages/gateway/src/internal/wire")

/** The binary module of the source. */
export const compile = async (): Promise<Uint8Array> => {
  const wabt = await Wabt()
  const parsed = wabt.parseWat("latin1.wat", Fs.readFileSync(Path.join(folder, "latin1.wat"), "utf8"), { simd: true })
  try {
    return parsed.toBinary({}).buffer
  } finally {
    parsed.destroy()
  }
}

/** In lines that fit on a screen. */
const source = (binary: Uint8Array): string => {
  const lines = Buffer.from(binary).toString("base64").match(/.{1,110}/g) ?? []
  const text = lines.map((line) => `  "${line}"`).join(" +\n")
  return `/** latin1.wat as a binary module, made by \`npm run build:wasm\`: do not edit. */\nexport const base64 =\n${text}\n`
}

if (process.argv[1] === import.meta.filename) {
  Fs.writeFileSync(Path.join(folder, "latin1Module.ts"), source(await compile()))
}
