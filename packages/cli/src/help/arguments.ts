/** Checks of the command line before @effect/cli parses it. Each mistake in a name is reported in one line. */
import * as Either from "effect/Either"
import { didYouMean } from "../config/index.js"
import * as CommandTree from "./commandTree.js"

const isOption = (arg: string): boolean => /^-{1,2}[a-z]/i.test(arg)

/** Reads `--name value` and `--name=value`. */
const parseOption = (arg: string, next: string | undefined) => {
  const [, name = "", joined] = /^-+(?:no-)?([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
  return { name: name === "h" ? "help" : name, value: joined ?? next, isJoined: joined !== undefined }
}

/** The arguments without some options, and those options by name; a flag has an empty value. */
export interface CommandLine {
  readonly args: ReadonlyArray<string>
  readonly options: ReadonlyMap<string, string>
}

/** Reads options that a list has. With `isStrict` each other option is a mistake; otherwise it stays an argument. */
const takeOptions = (
  args: ReadonlyArray<string>,
  entries: ReadonlyArray<CommandTree.Parameter>,
  command: string,
  isStrict: boolean
): Either.Either<CommandLine, string> => {
  const end = args.includes("--") ? args.indexOf("--") : args.length
  const found = new Map<string, string>()
  const left: Array<string> = []
  for (let i = 0; i < end; i++) {
    const arg = args[i] ?? ""
    const { isJoined, name, value = "" } = parseOption(arg, i + 1 < end ? args[i + 1] : undefined)
    const entry = entries.find((entry) => entry.name === name)
    if (!isOption(arg) || (entry === undefined && !isStrict)) {
      left.push(arg)
      continue
    }
    if (entry === undefined) {
      const suggestion = didYouMean(name, entries.map(({ name }) => name), "--")
      return Either.left(`${command} has no option --${name}${suggestion} (all: ${command} --help)`)
    }
    const problem = findProblem(entry, value, found.has(name))
    if (problem !== undefined) {
      return Either.left(`${problem} (see ${command} --help)`)
    }
    found.set(name, entry.hasValue ? value : "")
    i += entry.hasValue && !isJoined ? 1 : 0
  }
  return Either.right({ args: [...left, ...args.slice(end)], options: found })
}

/** Removes the options of all commands, which are read before and after the command and between its options. */
export const takeCommon = (args: ReadonlyArray<string>): Either.Either<CommandLine, string> =>
  takeOptions(args, CommandTree.builtIns, "vesper", false)

/** The command whose help is requested: by `--help`, by `help`, or because it has subcommands and none is named. */
export const findHelp = (
  tree: CommandTree.Group,
  { args, options }: CommandLine
): { readonly node: CommandTree.Node; readonly path: ReadonlyArray<string> } | undefined => {
  const isRequested = args[0] === "help" || options.has("help")
  const found = CommandTree.walk(tree, args[0] === "help" ? args.slice(1) : args)
  const isOther = ["completions", "version", "wizard"].some((name) => options.has(name))
  return found.node._tag === "Group"
    ? found.rest.length === 0 && !isOther ? found : undefined
    : isRequested
    ? found
    : undefined
}

const findProblem = (
  { choices, hasValue, isRepeatable, name, title }: CommandTree.Parameter,
  value: string,
  isGiven: boolean
): string | undefined =>
  isGiven && !isRepeatable
    ? `--${name} is given twice: give it once`
    : hasValue && value === ""
    ? `--${name} needs a value: ${title}`
    : choices.length > 0 && !choices.includes(value)
    ? `--${name}: "${value}" is not one of ${choices.join(", ")}${didYouMean(value, choices)}`
    : undefined

/** Checks the names of commands and options. The left side is one sentence with a suggestion. */
export const check = (tree: CommandTree.Group, args: ReadonlyArray<string>): Either.Either<unknown, string> => {
  const { node, path, rest } = CommandTree.walk(tree, args)
  const command = ["vesper", ...path].join(" ")
  const [first = ""] = rest
  if (node._tag === "Group" && rest.length > 0 && !isOption(first)) {
    const names = Array.from(node.children.keys())
    const suggestion = didYouMean(first, names, `${command} `)
    return Either.left(`there is no command "${[...path, first].join(" ")}"${suggestion} (all: ${command} --help)`)
  }
  const entries = [...(node._tag === "Group" ? [] : node.options), ...CommandTree.builtIns]
  return takeOptions(rest, entries, command, true)
}
