/** A small Discord behind an HttpClient: it accepts each interaction's first answer once, and within three seconds. */
import * as Snowflake from "@vesper/model/Snowflake"
import type { APIInteraction } from "discord-api-types/v10"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Rest from "@vesper/bot/Rest"
import { type Answer, type Asked, layerHttp } from "./http.js"

/** The date at which the test clock begins. */
const start = Date.parse("2026-11-28T12:00:00.000Z")

export interface Callback {
  readonly id: string
  /** Milliseconds from the making of the interaction. */
  readonly after: number
  readonly body: { readonly type: number; readonly data?: Readonly<Record<string, unknown>> }
}

export interface Sent {
  readonly method: string
  readonly path: string
  readonly json: unknown
}

export interface Options {
  /** Time that Discord's clock is behind this host's. */
  readonly hostIsFast?: Duration.DurationInput
  readonly latency?: () => Duration.DurationInput
  /** Commands that are registered already. */
  readonly commands?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** The name of a command that is refused. */
  readonly refuses?: string
}

const callbackPath = /^\/interactions\/(\d+)\/[^/]+\/callback$/

export class Discord {
  readonly callbacks: Array<Callback> = []
  readonly rejected: Array<{ readonly id: string; readonly code: number }> = []
  readonly sent: Array<Sent> = []
  commands: Array<Record<string, unknown>>
  private sequence = 0
  private readonly options: Options
  private readonly skew: number

  constructor(options: Options = {}) {
    this.options = options
    this.skew = Duration.toMillis(options.hostIsFast ?? 0)
    this.commands = (options.commands ?? []).map((command, index) => ({ ...command, id: String(900 + index) }))
  }

  /** The time on Discord's clock. */
  readonly now = Effect.map(Clock.currentTimeMillis, (millis) => start + millis - this.skew)

  /** Makes an interaction that was created some time ago. */
  interaction(
    fields: Readonly<Record<string, unknown>>,
    age: Duration.DurationInput = 0
  ): Effect.Effect<APIInteraction> {
    return Effect.map(this.now, (now) => {
      const id = String(BigInt(Snowflake.fromTimestamp(now - Duration.toMillis(age))) + BigInt(++this.sequence))
      const user = { id: "77", username: "ada", discriminator: "0", avatar: null, global_name: null }
      // A test's interaction, with the fields that handlers read.
      return {
        id,
        application_id: "290926798626357000",
        token: `token-${id}`,
        version: 1,
        guild_id: "290926798626357250",
        channel: { id: "290926798626357999", type: 0 },
        member: { user, roles: [], permissions: "0" },
        locale: "en-US",
        app_permissions: "0",
        entitlements: [],
        ...fields
      } as unknown as APIInteraction
    })
  }

  slash(name: string, options: ReadonlyArray<unknown> = [], age: Duration.DurationInput = 0, more = {}) {
    return this.interaction({ type: 2, data: { id: "5", type: 1, name, options }, ...more }, age)
  }

  component(customId: string, data: Readonly<Record<string, unknown>> = {}) {
    return this.interaction({
      type: 3,
      message: { id: "44", content: "before" },
      data: { custom_id: customId, component_type: 2, ...data }
    })
  }

  private readonly answer = (asked: Asked): Effect.Effect<Answer> =>
    Effect.gen(this, function*() {
      yield* Effect.sleep(this.options.latency?.() ?? 0)
      const now = yield* this.now
      const headers = { date: new Date(now).toUTCString() }
      const path = new URL(asked.url).pathname.replace("/api/v10", "")
      const [, id] = callbackPath.exec(path) ?? []
      if (id !== undefined) {
        return { ...this.acknowledge(id, now, asked.json), headers }
      }
      this.sent.push({ method: asked.method, path, json: asked.json })
      return { ...this.other(asked, path), headers }
    })

  private acknowledge(id: string, now: number, body: unknown): Answer {
    const after = now - Snowflake.timestamp(Snowflake.make(id))
    const code = this.callbacks.some((callback) => callback.id === id) ? 40060 : after > 3_000 ? 10062 : undefined
    if (code !== undefined) {
      this.rejected.push({ id, code })
      return { status: code === 40060 ? 400 : 404, json: { code, message: "rejected" } }
    }
    // The body of a callback.
    this.callbacks.push({ id, after, body: body as Callback["body"] })
    return { status: 204 }
  }

  private other({ json, method }: Asked, path: string): Answer {
    if (path.startsWith("/webhooks/")) {
      return method === "DELETE" ? { status: 204 } : { json: { id: "55", ...(json as object) } }
    }
    if (path === "/applications/@me") {
      return { json: { id: "290926798626357000" } }
    }
    if (path.endsWith("/commands")) {
      if (method === "GET") {
        return { json: this.commands }
      }
      const command = json as Record<string, unknown>
      if (command["name"] === this.options.refuses) {
        return { status: 400, json: { code: 50035, message: "Invalid Form Body" } }
      }
      this.commands = [...this.commands.filter(({ name }) => name !== command["name"]), { ...command, id: "999" }]
      return { json: command }
    }
    this.commands = this.commands.filter(({ id }) => !path.endsWith(`/${String(id)}`))
    return { status: 204 }
  }

  readonly layer: Layer.Layer<Rest.Rest> = Rest.layer({
    token: Redacted.make("token"),
    globalRequestsPerSecond: 1_000_000
  }).pipe(Layer.provide(layerHttp(this.answer)))

  /** The texts that the user reads, in order. */
  get texts(): ReadonlyArray<unknown> {
    return [
      ...this.callbacks.map(({ body }) => body.data?.["content"]),
      ...this.sent.map(({ json }) => (json as { content?: unknown } | undefined)?.content)
    ].filter((text) => text !== undefined)
  }
}
