/** The limits of Discord's client on a user. Each function returns a problem in words, or undefined. */
import * as Predicate from "effect/Predicate"
import * as LogEntry from "../../LogEntry.js"
import { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import type { Gateway } from "../protocol/index.js"
import { Bot } from "../world/index.js"

const channelOption = 7
const stringSelect = 3
const modalCallback = 9

const objectAt = (value: unknown, key: string): Body => Object(Object(value)[key])

const isBelow = (value: number, min: unknown): boolean => typeof min === "number" && value < min
const isAbove = (value: number, max: unknown): boolean => typeof max === "number" && value > max

/** The problem of a text or a number outside of its bounds. */
const findOutside = (name: string, value: unknown, bounds: Body): string | undefined => {
  const text = String(value)
  if (typeof value === "number" && (isBelow(value, bounds["min_value"]) || isAbove(value, bounds["max_value"]))) {
    return `${name} is ${text}, outside of ${String(bounds["min_value"] ?? "")} to ${String(bounds["max_value"] ?? "")}`
  }
  return isBelow(text.length, bounds["min_length"]) || isAbove(text.length, bounds["max_length"])
    ? `${name} has ${text.length} characters, outside of ${String(bounds["min_length"] ?? 0)} to ${
      String(bounds["max_length"] ?? "")
    }`
    : undefined
}

/** The problem of the value of an option. */
export const findValueProblem = ({ world }: Gateway.Gateway, option: Body, definition: Body): string | undefined => {
  const { value } = option
  const name = `the option ${Form.textAt(option, "name")}`
  const choices = Form.listAt(definition, "choices").map((choice) => choice["value"])
  const types: unknown = definition["channel_types"]
  const channel = definition["type"] === channelOption ? world.channel(String(value)) : undefined
  return choices.length > 0 && !choices.includes(value)
    ? `${name} has no choice ${String(value)}, but ${choices.join(", ")}`
    : channel !== undefined && Array.isArray(types) && types.length > 0 && !types.includes(channel["type"])
    ? `${name} accepts channels of the types ${types.join(", ")}, not ${String(channel["type"])}`
    : findOutside(name, value, definition)
}

/** All components, at any depth. */
const flatten = (components: ReadonlyArray<Body>): ReadonlyArray<Body> =>
  components.flatMap((component) => [
    component,
    ...flatten(Form.listAt(component, "components")),
    ...flatten(["component", "accessory"].map((key) => component[key]).filter(Predicate.isRecord))
  ])

/**
 * The problem of a use of a button or a select. Only a message that the bot has sent is known, and one with components that
 * the test has given.
 */
export const findComponentProblem = ({ world }: Gateway.Gateway, d: Body): string | undefined => {
  const data = objectAt(d, "data")
  const attached = objectAt(d, "message")
  const sent = world.message(Form.textAt(d, "channel_id"), Form.textAt(attached, "id"))
  const message = sent ?? attached
  const all = flatten(Form.listAt(message, "components"))
  if (objectAt(message, "author")["id"] !== Bot.id || (sent === undefined && all.length === 0)) {
    return undefined
  }
  const component = all.find((each) => each["custom_id"] === data["custom_id"])
  if (component === undefined) {
    const ids = all.flatMap((each) => each["custom_id"] ?? [])
    return `its message has ${ids.length === 0 ? "no components" : `the components ${ids.join(", ")}`}`
  }
  if (component["disabled"] === true) {
    return "it is disabled"
  }
  const values: ReadonlyArray<unknown> = Array.isArray(data["values"]) ? data["values"] : []
  const options = Form.listAt(component, "options").map((option) => option["value"])
  const unknown = values.find((value) => component["type"] === stringSelect && !options.includes(value))
  return unknown === undefined ? undefined : `it has no option ${String(unknown)}, but ${options.join(", ")}`
}

/** The modals that the bot has shown, newest first. */
const shownModals = ({ log }: Gateway.Gateway): ReadonlyArray<Body> =>
  log.filter(LogEntry.is("Requested")).filter(({ body, route, status }) =>
    route.endsWith("/callback") && status < 300 && Object(body)["type"] === modalCallback
  ).map(({ body }) => objectAt(body, "data")).reverse()

/** The problem of a submitted modal. */
export const findModalProblem = (gateway: Gateway.Gateway, d: Body): string | undefined => {
  const data = objectAt(d, "data")
  const modal = shownModals(gateway).find((each) => each["custom_id"] === data["custom_id"])
  if (modal === undefined) {
    return "the bot has not shown it"
  }
  const given = flatten(Form.listAt(data, "components")).filter((each) => each["custom_id"] !== undefined)
  const fields = flatten(Form.listAt(modal, "components")).filter((each) => each["custom_id"] !== undefined)
  const other = given.find((each) => !fields.some((field) => field["custom_id"] === each["custom_id"]))
  if (other !== undefined) {
    return `it has no field ${Form.textAt(other, "custom_id")}`
  }
  for (const field of fields) {
    const found = given.find((each) => each["custom_id"] === field["custom_id"])
    const text = Form.textAt(found ?? {}, "value")
    const name = `the field ${Form.textAt(field, "custom_id")}`
    const values: unknown = found?.["values"]
    const isEmpty = text === "" && !(Array.isArray(values) && values.length > 0)
    const problem = isEmpty
      ? field["required"] === false ? undefined : `${name} is required`
      : text === ""
      ? undefined
      : findOutside(name, text, field)
    if (problem !== undefined) {
      return problem
    }
  }
  return undefined
}
