/** Reads bodies of requests: JSON, and forms of several parts with files. */
import * as Effect from "effect/Effect"
import type { Api } from "../rest/index.js"

const malformed: Api.Content = { json: undefined, files: [], isMalformed: true }
const empty: Api.Content = { json: undefined, files: [], isMalformed: false }

const parseJson = (text: string): Api.Content => {
  try {
    const json: unknown = JSON.parse(text)
    return { json, files: [], isMalformed: false }
  } catch {
    return malformed
  }
}

/** Reads a form with the JSON in `payload_json`, or in fields of its own, and files in the others. */
export const fromForm = (form: FormData): Api.Content => {
  const files: Array<Api.File> = []
  const fields: Record<string, unknown> = {}
  let payload: string | undefined
  form.forEach((value, field) => {
    if (typeof value !== "string") {
      files.push({ field, name: value.name, type: value.type, size: value.size })
    } else if (field === "payload_json") {
      payload = value
    } else {
      fields[field] = value
    }
  })
  const content = payload === undefined ? { ...empty, json: fields } : parseJson(payload)
  return { ...content, files }
}

/** Reads bytes by their content type. */
export const fromBytes = (bytes: Uint8Array, type: string): Effect.Effect<Api.Content> =>
  bytes.length === 0
    ? Effect.succeed(empty)
    : type.startsWith("multipart/form-data")
    ? Effect.match(
      Effect.tryPromise(() => new Response(Uint8Array.from(bytes), { headers: { "content-type": type } }).formData()),
      { onFailure: () => malformed, onSuccess: fromForm }
    )
    : Effect.succeed(parseJson(new TextDecoder().decode(bytes)))
