/** What is asked of the command line, before @effect/cli reads it: mistakes in names are found here, and told in a line. */
import * as Either from "effect/Either"
import * as CommandTree from "./commandTree.js"
import { orRather } from "./nearest.js"

const isOption = (arg: string): boolean => /^-{1,2}[a-z]/i.test(arg)

const isHelp = (arg: string): boolean => arg === "--help" || arg === "-h"

/** Up to `--`, after which nothing is an option. */
const ownOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return end === -1 ? args : args.slice(0, end)
}

/** The command whose help is asked for, by `--help`, `help`, or because its name is that of a group. */
export const helpOf = (
  tree: CommandTree.Group,
  args: ReadonlyArray<string>
): { readonly node: CommandTree.Node; readonly path: ReadonlyArray<string> } | undefined => {
  const named = args[0] === "help" ? args.slice(1) : args
  const found = CommandTree.walk(tree, named.filter((arg) => !isHelp(arg)))
  const isAsked = args[0] === "help" || ownOf(args).some(isHelp)
  const isUnfinished = found.node._tag === "Group" && found.rest.length === 0
  return (isAsked && (found.node._tag === "Leaf" || found.rest.length === 0)) || isUnfinished ? found : undefined
}

/** An option as it was given: with its value after `=`, or as the next argument. */
interface Given {
  readonly name: string
  readonly value: string | undefined
}

const givenOf = (arg: string, next: string | undefined): Given => {
  const [, name = "", joined] = /^-+(?:no-)?([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
  return { name: name === "h" ? "help" : name, value: joined ?? next }
}

const checkOption = (entries: ReadonlyArray<CommandTree.Entry>, command: string) => ({ name, value }: Given) => {
  const entry = entries.find((entry) => entry.name === name)
  if (entry === undefined) {
    const meant = orRather(name, entries.map(({ name }) => name), "--")
    return Either.left(`${command} has no option --${name}${meant} (all: ${command} --help)`)
  }
  return entry.hasValue && (value === undefined || value === "")
    ? Either.left(`--${name} needs a value: ${entry.title} (see ${command} --help)`)
    : entry.choices.length > 0 && !entry.choices.includes(value ?? "")
    ? Either.left(
      `--${name}: "${value}" is none of ${entry.choices.join(", ")}${orRather(value ?? "", entry.choices)} ` +
        `(see ${command} --help)`
    )
    : Either.void
}

const checkOptions = (
  args: ReadonlyArray<string>,
  entries: ReadonlyArray<CommandTree.Entry>,
  command: string
): Either.Either<void, string> => {
  const checkOne = checkOption(entries, command)
  const takesValue = new Set(entries.filter(({ hasValue }) => hasValue).map(({ name }) => `--${name}`))
  const checks = args.map((arg, index) =>
    isOption(arg) && !takesValue.has(args[index - 1] ?? "") ? checkOne(givenOf(arg, args[index + 1])) : Either.void
  )
  return Either.map(Either.all(checks), () => undefined)
}

/** Whether commands and options are known. The left side is one sentence with what may have been meant. */
export const check = (tree: CommandTree.Group, args: ReadonlyArray<string>): Either.Either<void, string> => {
  const { node, path, rest } = CommandTree.walk(tree, args)
  const command = ["vesper", ...path].join(" ")
  const [first = ""] = rest
  if (node._tag === "Group" && !isOption(first)) {
    const meant = orRather(first, Array.from(node.children.keys()), `${command} `)
    return Either.left(`there is no command "${[...path, first].join(" ")}"${meant} (all: ${command} --help)`)
  }
  const own = node._tag === "Group" ? [] : node.options
  return checkOptions(ownOf(rest), [...own, ...CommandTree.builtIns], command)
}

/** The shell for which completions are asked for, if they are. */
export const shellOf = (args: ReadonlyArray<string>): string | undefined => {
  const own = ownOf(args)
  const index = own.findIndex((arg) => /^--completions(=|$)/.test(arg))
  const shell = own[index]?.includes("=") ? own[index]?.split("=")[1] : own[index + 1]
  return index === -1 ? undefined : shell === "sh" ? "bash" : shell
}
