/** Checks of the command line before @effect/cli parses it. Each mistake in a name is reported in one line. */
import * as Either from "effect/Either"
import { didYouMean } from "../config/index.js"
import * as CommandTree from "./commandTree.js"

const isOption = (arg: string): boolean => /^-{1,2}[a-z]/i.test(arg)

const isHelp = (arg: string): boolean => arg === "--help" || arg === "-h"

/** The arguments before `--`. Those after it are not options. */
const beforeSeparator = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return end === -1 ? args : args.slice(0, end)
}

/** The command line without the options that are read anywhere in it. */
export interface CommandLine {
  readonly args: ReadonlyArray<string>
  readonly config: string | undefined
  readonly logLevel: string | undefined
}

/** Removes `--config` and `--log-level`, which are read before and after the command and between its options. */
export const takeCommon = (args: ReadonlyArray<string>): Either.Either<CommandLine, string> => {
  const end = beforeSeparator(args).length
  const found = new Map<string, string>()
  const left: Array<string> = []
  for (let i = 0; i < end; i++) {
    const [, name, joined] = /^--(config|log-level)(?:=(.*))?$/s.exec(args[i] ?? "") ?? []
    if (name === undefined) {
      left.push(args[i] ?? "")
      continue
    }
    const value = joined ?? (++i < end ? args[i] : undefined)
    const problem = found.has(name)
      ? `--${name} is given twice: give it once`
      : value === undefined || value === ""
      ? `--${name} needs a value`
      : name === "log-level"
      ? wrongChoice(name, value, CommandTree.logLevels)
      : undefined
    if (value === undefined || problem !== undefined) {
      return Either.left(`${problem} (see vesper --help)`)
    }
    found.set(name, value)
  }
  return Either.right({
    args: [...left, ...args.slice(end)],
    config: found.get("config"),
    logLevel: found.get("log-level")
  })
}

/** The command whose help is requested: by `--help`, by `help`, or because it has subcommands and none is named. */
export const findHelp = (
  tree: CommandTree.Group,
  args: ReadonlyArray<string>
): { readonly node: CommandTree.Node; readonly path: ReadonlyArray<string> } | undefined => {
  const named = args[0] === "help" ? args.slice(1) : args
  const found = CommandTree.walk(tree, named.filter((arg) => !isHelp(arg)))
  const isRequested = args[0] === "help" || beforeSeparator(args).some(isHelp)
  const isUnfinished = found.node._tag === "Group" && found.rest.length === 0
  return (isRequested && (found.node._tag === "Leaf" || found.rest.length === 0)) || isUnfinished ? found : undefined
}

const wrongChoice = (name: string, value: string, choices: ReadonlyArray<string>): string | undefined =>
  choices.includes(value)
    ? undefined
    : `--${name}: "${value}" is not one of ${choices.join(", ")}${didYouMean(value, choices)}`

/** Reads `--name value` and `--name=value`. */
const parseOption = (arg: string, next: string | undefined) => {
  const [, name = "", joined] = /^-+(?:no-)?([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
  return { name: name === "h" ? "help" : name, value: joined ?? next }
}

const findProblem = (
  { name, value }: ReturnType<typeof parseOption>,
  entries: ReadonlyArray<CommandTree.Entry>,
  before: ReadonlyArray<string>,
  command: string
): string | undefined => {
  const entry = entries.find((entry) => entry.name === name)
  const see = `(see ${command} --help)`
  if (entry === undefined) {
    const names = entries.map(({ name }) => name)
    return `${command} has no option --${name}${didYouMean(name, names, "--")} (all: ${command} --help)`
  }
  if (!entry.isRepeatable && before.includes(name)) {
    return `--${name} is given twice: give it once ${see}`
  }
  if (entry.hasValue && (value === undefined || value === "")) {
    return `--${name} needs a value: ${entry.title} ${see}`
  }
  const problem = entry.choices.length > 0 ? wrongChoice(name, value ?? "", entry.choices) : undefined
  return problem === undefined ? undefined : `${problem} ${see}`
}

/** Checks the names of commands and options. The left side is one sentence with a suggestion. */
export const check = (tree: CommandTree.Group, args: ReadonlyArray<string>): Either.Either<void, string> => {
  const { node, path, rest } = CommandTree.walk(tree, args)
  const command = ["vesper", ...path].join(" ")
  const [first = ""] = rest
  if (node._tag === "Group" && !isOption(first)) {
    const names = Array.from(node.children.keys())
    const suggestion = didYouMean(first, names, `${command} `)
    return Either.left(`there is no command "${[...path, first].join(" ")}"${suggestion} (all: ${command} --help)`)
  }
  const entries = [...(node._tag === "Group" ? [] : node.options), ...CommandTree.builtIns]
  const takesValue = new Set(entries.filter(({ hasValue }) => hasValue).map(({ name }) => `--${name}`))
  const before: Array<string> = []
  for (const [index, arg] of beforeSeparator(rest).entries()) {
    if (isOption(arg) && !takesValue.has(rest[index - 1] ?? "")) {
      const option = parseOption(arg, rest[index + 1])
      const problem = findProblem(option, entries, before, command)
      if (problem !== undefined) {
        return Either.left(problem)
      }
      before.push(option.name)
    }
  }
  return Either.void
}

/** The shell of `--completions`. */
export const completionsShell = (args: ReadonlyArray<string>): string | undefined => {
  const own = beforeSeparator(args)
  const index = own.findIndex((arg) => /^--completions(=|$)/.test(arg))
  const shell = own[index]?.includes("=") ? own[index]?.split("=")[1] : own[index + 1]
  return index === -1 ? undefined : shell === "sh" ? "bash" : shell
}
