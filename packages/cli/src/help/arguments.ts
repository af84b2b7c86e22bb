/** Checks of the command line before @effect/cli parses it. Each mistake in a name is reported in one line. */
import * as Either from "effect/Either"
import { didYouMean } from "../config/index.js"
import * as CommandTree from "./commandTree.js"

const isOption = (arg: string): boolean => /^-{1,2}[a-z]/i.test(arg)

/** The arguments before `--`. Those after it are not options. */
const beforeSeparator = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return end === -1 ? args : args.slice(0, end)
}

/** Reads `--name value` and `--name=value`. */
const parseOption = (arg: string, next: string | undefined) => {
  const [, name = "", joined] = /^-+(?:no-)?([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
  return { name: name === "h" ? "help" : name, value: joined ?? next, isJoined: joined !== undefined }
}

/** The command line without the options of all commands, and those by name; a flag has an empty value. */
export interface CommandLine {
  readonly args: ReadonlyArray<string>
  readonly common: ReadonlyMap<string, string>
}

/** Removes the options of all commands, which are read before and after the command and between its options. */
export const takeCommon = (args: ReadonlyArray<string>): Either.Either<CommandLine, string> => {
  const end = beforeSeparator(args).length
  const common = new Map<string, string>()
  const left: Array<string> = []
  for (let i = 0; i < end; i++) {
    const arg = args[i] ?? ""
    const option = parseOption(arg, i + 1 < end ? args[i + 1] : undefined)
    const entry = isOption(arg) ? CommandTree.builtIns.find(({ name }) => name === option.name) : undefined
    if (entry === undefined) {
      left.push(arg)
      continue
    }
    const problem = findProblem(option, [entry], Array.from(common.keys()), "vesper")
    if (problem !== undefined) {
      return Either.left(problem)
    }
    common.set(entry.name, entry.hasValue ? option.value ?? "" : "")
    i += entry.hasValue && !option.isJoined ? 1 : 0
  }
  return Either.right({ args: [...left, ...args.slice(end)], common })
}

/** The command whose help is requested: by `--help`, by `help`, or because it has subcommands and none is named. */
export const findHelp = (
  tree: CommandTree.Group,
  { args, common }: CommandLine
): { readonly node: CommandTree.Node; readonly path: ReadonlyArray<string> } | undefined => {
  const isRequested = args[0] === "help" || common.has("help")
  const found = CommandTree.walk(tree, args[0] === "help" ? args.slice(1) : args)
  const isOther = ["completions", "version", "wizard"].some((name) => common.has(name))
  return found.node._tag === "Group"
    ? found.rest.length === 0 && !isOther ? found : undefined
    : isRequested
    ? found
    : undefined
}

const wrongChoice = (name: string, value: string, choices: ReadonlyArray<string>): string | undefined =>
  choices.includes(value)
    ? undefined
    : `--${name}: "${value}" is not one of ${choices.join(", ")}${didYouMean(value, choices)}`

const findProblem = (
  { name, value }: Pick<ReturnType<typeof parseOption>, "name" | "value">,
  entries: ReadonlyArray<CommandTree.Parameter>,
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
  if (node._tag === "Group" && rest.length > 0 && !isOption(first)) {
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
