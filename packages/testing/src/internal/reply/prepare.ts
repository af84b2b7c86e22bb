/** Makes an interaction one that a user of the world can send: in a place of it, and for a command that is registered. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as GatewaySimulator from "../../GatewaySimulator.js"
import * as Reply from "../../Reply.js"
import { Form } from "../forms/index.js"
import { type Body, Interaction } from "../payload/index.js"
import type { Gateway } from "../protocol/index.js"
import { Permissions } from "../rest/index.js"
import { Bot } from "../world/index.js"
import * as Allowed from "./allowed.js"

const commandTypes: ReadonlyArray<unknown> = [2, 4]
const componentType = 3
const modalType = 5
const objectAt = (value: unknown, key: string): Body => Object(Object(value)[key])

/** Places an interaction of a guild that is not of the world into its first guild. */
const placeIn = (gateway: Gateway.Gateway, d: Body): Body => {
  const [guild] = gateway.world.guilds()
  const isElsewhere = d["guild_id"] !== undefined && gateway.world.guild(Form.textAt(d, "guild_id")) === undefined
  return guild === undefined || !isElsewhere ? d : Interaction.moveTo(guild, d)
}

/** Objects that options refer to, by their kind. */
interface Resolved {
  readonly [kind: string]: Body
}

const kindsByType: Readonly<Record<number, ReadonlyArray<string>>> = {
  6: ["users", "members"],
  7: ["channels"],
  8: ["roles"],
  9: ["users", "members", "roles"]
}

/** Finds the object that the value of an option refers to. */
const resolve = ({ world }: Gateway.Gateway, guildId: string, type: number, id: string): Resolved => {
  const guild = world.guild(guildId)
  const { user: _, ...member } = (guild && world.member(guild, id)) ?? {}
  const found: Readonly<Record<string, Body | undefined>> = {
    users: world.user(id),
    members: guild === undefined ? undefined : member,
    channels: world.channel(id),
    roles: guild?.roles.find((role) => role["id"] === id)
  }
  return Object.fromEntries(
    (kindsByType[type] ?? []).flatMap((kind) => found[kind] === undefined ? [] : [[kind, { [id]: found[kind] }]])
  )
}

/** Finds the user or the message that a command of a menu was used on. */
const resolveTarget = (gateway: Gateway.Gateway, d: Body, data: Body): Resolved => {
  const id = Form.textAt(data, "target_id")
  if (data["type"] === 2) {
    return resolve(gateway, Form.textAt(d, "guild_id"), 6, id)
  }
  const message = gateway.world.message(Form.textAt(d, "channel_id"), id)
  return message === undefined ? {} : { messages: { [id]: message } }
}

const recordsIn = (value: Body): Resolved =>
  Object.fromEntries(
    Object.entries(value).flatMap(([kind, objects]) => Predicate.isRecord(objects) ? [[kind, objects] as const] : [])
  )

const merge = (all: ReadonlyArray<Resolved>): Resolved => {
  const merged: Record<string, Body> = {}
  for (const resolved of all) {
    for (const [kind, objects] of Object.entries(resolved)) {
      merged[kind] = { ...merged[kind], ...objects }
    }
  }
  return merged
}

/** Gives options the types of their definitions. Returns a problem in words for options that Discord would not send. */
const applyDefinition = (
  gateway: Gateway.Gateway,
  options: ReadonlyArray<Body>,
  definitions: ReadonlyArray<Body>,
  isPartial: boolean
): ReadonlyArray<Body> | string => {
  const missing = definitions.find((definition) =>
    !isPartial && definition["required"] === true && !options.some(({ name }) => name === definition["name"])
  )
  if (missing !== undefined) {
    return `the option ${String(missing["name"])} is required`
  }
  const applied: Array<Body> = []
  for (const option of options) {
    const definition = definitions.find(({ name }) => name === option["name"])
    if (definition === undefined) {
      return `it has no option ${String(option["name"])}`
    }
    // A user who is typing has not chosen a value yet.
    const problem = isPartial || !("value" in option)
      ? undefined
      : Allowed.findValueProblem(gateway, option, definition)
    if (problem !== undefined) {
      return problem
    }
    const inner = applyDefinition(
      gateway,
      Form.listAt(option, "options"),
      Form.listAt(definition, "options"),
      isPartial
    )
    if (typeof inner === "string") {
      return inner
    }
    applied.push({ ...option, type: definition["type"], ...(inner.length > 0 && { options: inner }) })
  }
  return applied
}

const flatten = (options: ReadonlyArray<Body>): ReadonlyArray<Body> =>
  options.flatMap((option) => [option, ...flatten(Form.listAt(option, "options"))])

/** Applies the registered command, if the bot has registered any. */
const applyCommand = (gateway: Gateway.Gateway, registered: ReadonlyArray<Body>, d: Body) =>
  Effect.gen(function*() {
    const data = objectAt(d, "data")
    const fail = (problem: string) =>
      new Reply.UnknownCommandError({
        command: `/${Form.textAt(data, "name")}`,
        problem,
        registered: registered.map((each) => Form.textAt(each, "name"))
      })
    const type = data["type"] ?? 1
    const command = registered.find((each) => each["name"] === data["name"] && each["type"] === type)
    if (registered.length > 0 && command === undefined) {
      return yield* fail("it is not registered")
    }
    const given = Form.listAt(data, "options")
    const options = command === undefined
      ? given
      : applyDefinition(gateway, given, Form.listAt(command, "options"), d["type"] === 4)
    if (typeof options === "string") {
      return yield* fail(options)
    }
    const guildId = Form.textAt(d, "guild_id")
    const resolved = merge([
      recordsIn(objectAt(data, "resolved")),
      resolveTarget(gateway, d, data),
      ...flatten(options).map((option) => resolve(gateway, guildId, Number(option["type"]), String(option["value"])))
    ])
    return {
      ...d,
      data: {
        ...data,
        ...(command !== undefined && { id: command["id"] }),
        ...("options" in data && { options }),
        ...(Object.keys(resolved).length > 0 && { resolved })
      }
    }
  })

/** Returns an interaction with a new id and token. `registered` finds the commands that the users of a guild see. */
export const prepare = (
  gateway: Gateway.Gateway,
  registered: (guildId: string | undefined) => ReadonlyArray<Body>,
  event: GatewaySimulator.Event
): Effect.Effect<GatewaySimulator.Event & { readonly d: Body }, Reply.UnknownCommandError> =>
  Effect.gen(function*() {
    if (event.t !== "INTERACTION_CREATE" || !Predicate.isRecord(event.d)) {
      return yield* Effect.dieMessage(`${event.t} is not an interaction; Builder.command makes one`)
    }
    const placed = placeIn(gateway, event.d)
    const guildId = Form.textAt(placed, "guild_id") || undefined
    const problem = placed["type"] === componentType
      ? Allowed.findComponentProblem(gateway, placed)
      : placed["type"] === modalType
      ? Allowed.findModalProblem(gateway, placed)
      : undefined
    if (problem !== undefined) {
      const command = `the ${placed["type"] === modalType ? "modal" : "component"} ${
        Form.textAt(objectAt(placed, "data"), "custom_id")
      }`
      return yield* new Reply.UnknownCommandError({ command, problem, registered: [] })
    }
    const d = commandTypes.includes(placed["type"])
      ? yield* applyCommand(gateway, registered(guildId), placed)
      : placed
    const id = gateway.nextId()
    const guild = gateway.settings.permissions === undefined ? undefined : gateway.world.guild(guildId ?? "")
    const channel = gateway.world.channel(Form.textAt(placed, "channel_id"))
    const own = guild && { app_permissions: String(Permissions.getPermissions(gateway.world, guild, channel)) }
    return { ...event, guildId, d: { ...d, ...own, id, application_id: Bot.id, token: `interaction-token-${id}` } }
  })
