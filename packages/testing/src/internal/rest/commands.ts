/**
 * Application commands, global and of guilds.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands
 */
import * as Effect from "effect/Effect"
import { CommandForm, Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot } from "../world/index.js"
import * as Api from "./api.js"

const maxByType: Readonly<Record<number, number>> = { 1: 100, 2: 15, 3: 15, 4: 1 }
const maxCreates = 200
const day = 86_400_000

const toKey = (body: Body): string => `${CommandForm.readType(body)} ${String(body["name"])}`

const known = [
  "name",
  "name_localizations",
  "description",
  "description_localizations",
  "options",
  "default_member_permissions",
  "dm_permission",
  "nsfw",
  "integration_types",
  "contexts"
]

const isSame = (a: Body, b: Body): boolean => JSON.stringify(Api.pick(a, known)) === JSON.stringify(Api.pick(b, known))

export interface RegisteredCommands {
  readonly routes: ReadonlyArray<Api.Route>
  /** The commands of a guild, then the global ones. */
  readonly visible: (guildId: string | undefined) => ReadonlyArray<Body>
}

export const make = (context: Api.Context): RegisteredCommands => {
  /** The commands of each scope, by type and name. The scope of global commands is empty. */
  const scopes = new Map<string, ReadonlyMap<string, Body>>()
  const creates = new Map<string, { readonly from: number; count: number }>()

  const scope = (guild = ""): ReadonlyMap<string, Body> => scopes.get(guild) ?? new Map()

  const takeCreates = (guild: string, count: number) =>
    Effect.suspend(() => {
      const last = creates.get(guild)
      const today = last === undefined || context.now() - last.from >= day ? { from: context.now(), count: 0 } : last
      if (today.count + count > maxCreates) {
        return Api.fail(400, 30034, `Max number of daily application command creates has been reached (${maxCreates})`)
      }
      today.count += count
      creates.set(guild, today)
      return Effect.void
    })

  /** Fails if there are too many commands of a type. */
  const checkCount = (all: Iterable<Body>) => {
    const counts = new Map<number, number>()
    for (const body of all) {
      counts.set(CommandForm.readType(body), (counts.get(CommandForm.readType(body)) ?? 0) + 1)
    }
    const tooMany = Array.from(counts).find(([type, count]) => count > (maxByType[type] ?? 0))
    return tooMany === undefined
      ? Effect.void
      : Api.fail(400, 30032, `Maximum number of application commands reached (${maxByType[tooMany[0]]})`)
  }

  const build = (guild: string, body: Body, before: Body | undefined): Body => {
    const made = {
      ...(guild !== "" && { guild_id: guild }),
      application_id: Bot.id,
      type: CommandForm.readType(body),
      name_localizations: null,
      description: "",
      description_localizations: null,
      default_member_permissions: null,
      nsfw: false,
      ...(guild === "" && { integration_types: [0], contexts: null, dm_permission: true }),
      ...Api.pick(body, known)
    }
    return before !== undefined && isSame(before, made)
      ? before
      : { id: before?.["id"] ?? context.nextId(), ...made, version: context.nextId() }
  }

  const checkScope = ({ params: { application = "", guild = "" } }: Api.Call) =>
    Effect.gen(function*() {
      if (application !== Bot.id) {
        return yield* Api.fail(403, 20012, "You are not authorized to perform this action on this application")
      }
      if (guild !== "") {
        yield* Api.orUnknown(context.world.guild(guild), 10004, "Guild")
      }
      return guild
    })

  const found = (call: Api.Call) =>
    Effect.flatMap(checkScope(call), (guild) =>
      Api.orUnknown(
        Array.from(scope(guild).values()).find(({ id }) => id === call.params["command"]),
        10063,
        "application command"
      ))

  const put = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* checkScope(call)
      yield* Api.check(Form.list(CommandForm.command), call.json)
      const bodies = Form.listAt({ json: call.json }, "json")
      const before = scope(guild)
      const after = new Map(bodies.map((body) => [toKey(body), build(guild, body, before.get(toKey(body)))]))
      if (after.size < bodies.length) {
        return yield* Api.fail(
          400,
          50035,
          "Invalid Form Body",
          Form.problem("APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        )
      }
      yield* checkCount(after.values())
      yield* takeCreates(guild, Array.from(after.keys()).filter((key) => !before.has(key)).length)
      scopes.set(guild, after)
      return Array.from(after.values())
    })

  const save = (guild: string, body: Body, old: Body | undefined) =>
    Effect.gen(function*() {
      const made = build(guild, body, old)
      const others = Array.from(scope(guild).values()).filter(({ id }) => id !== made["id"])
      yield* checkCount([...others, made])
      if (old === undefined) {
        yield* takeCreates(guild, 1)
      }
      scopes.set(guild, new Map([...others, made].map((each) => [toKey(each), each])))
      return made
    })

  const create = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* checkScope(call)
      yield* Api.check(CommandForm.command, call.json)
      return yield* save(guild, call.body, scope(guild).get(toKey(call.body)))
    })

  const edit = (call: Api.Call) =>
    Effect.gen(function*() {
      const old = yield* found(call)
      const merged = { ...old, ...Api.pick(call.body, known) }
      yield* Api.check(CommandForm.command, merged)
      return yield* save(call.params["guild"] ?? "", merged, old)
    })

  const remove = (call: Api.Call) =>
    Effect.map(found(call), (old) => {
      const guild = call.params["guild"] ?? ""
      scopes.set(guild, new Map(Array.from(scope(guild)).filter(([, { id }]) => id !== old["id"])))
    })

  const list = (call: Api.Call) => Effect.map(checkScope(call), (guild) => Array.from(scope(guild).values()))

  const root = "/applications/:application"
  const routes = [`${root}/commands`, `${root}/guilds/:guild/commands`].flatMap((path): ReadonlyArray<Api.Route> => [
    { method: "GET", path, handle: list },
    { method: "POST", path, handle: create, status: 201 },
    { method: "PUT", path, handle: put },
    { method: "GET", path: `${path}/:command`, handle: found },
    { method: "PATCH", path: `${path}/:command`, handle: edit },
    { method: "DELETE", path: `${path}/:command`, handle: remove }
  ])
  return {
    routes,
    visible: (guildId) => [
      ...(guildId === undefined ? [] : scope(guildId).values()),
      ...scope().values()
    ]
  }
}
