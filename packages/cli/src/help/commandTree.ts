/** The commands with their options and arguments, read from the help that @effect/cli generates as data. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as Span from "@effect/cli/HelpDoc/Span"
import * as Arr from "effect/Array"
import * as HashMap from "effect/HashMap"
import type { ConfigFile } from "../config/index.js"

/** An option or an argument. */
export interface Parameter {
  /** As it is written: `--shards number`, `<file>...`. */
  readonly title: string
  /** Without dashes and value. */
  readonly name: string
  readonly hasValue: boolean
  /** All values that it accepts; empty if any value is parsed. */
  readonly choices: ReadonlyArray<string>
  readonly isRequired: boolean
  readonly isRepeatable: boolean
  readonly description: string
}

/** A command without subcommands. */
export interface Leaf {
  readonly _tag: "Leaf"
  readonly description: string
  readonly options: ReadonlyArray<Parameter>
  readonly args: ReadonlyArray<Parameter>
}

/** A command with subcommands. */
export interface Group {
  readonly _tag: "Group"
  readonly description: string
  readonly children: ReadonlyMap<string, Node>
}

export type Node = Group | Leaf

const parameter = (title: string, description: string, more: Partial<Parameter> = {}): Parameter => ({
  title,
  name: /--([a-z][a-z-]*)/.exec(title)?.[1] ?? title,
  hasValue: /^--[a-z-]+ /.test(title),
  choices: [],
  isRequired: false,
  isRepeatable: false,
  description,
  ...more
})

export const logLevels: ReadonlyArray<string> = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]

/** The options of every command. */
export const builtIns: ReadonlyArray<Parameter> = [
  parameter("--help, -h", "Shows how the command is used."),
  parameter(
    "--config file",
    "Reads options from this file. Without it, from vesper.json in the current folder, if there is one."
  ),
  parameter("--wizard", "Asks for each option."),
  parameter(
    "--log-level level",
    `The lowest level that is logged: ${logLevels.join(", ")}. Default: info.`,
    { choices: logLevels }
  ),
  parameter("--completions shell", "Prints completions for bash, zsh or fish.", {
    choices: ["bash", "zsh", "fish", "sh"]
  }),
  parameter("--version", "Prints the version.")
]

/** The text of a span. `HelpDoc.toAnsiText` takes twenty times as long, at every start. */
const spanText = (span: Span.Span): string =>
  span._tag === "Sequence"
    ? spanText(span.left) + spanText(span.right)
    : typeof span.value === "string"
    ? span.value
    : spanText(span.value)

const listBlocks = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  doc._tag === "Sequence" ? [...listBlocks(doc.left), ...listBlocks(doc.right)] : [doc]

const listParagraphs = (blocks: ReadonlyArray<HelpDoc.HelpDoc>): ReadonlyArray<string> =>
  blocks.filter(HelpDoc.isParagraph).map(({ value }) => spanText(value))

/** The sentences that @effect/cli adds to every option about its presence and its sources. */
const isBoilerplate = (paragraph: string): boolean =>
  /^This (setting|option|argument) (is|may|can|must) /.test(paragraph)

const toParameter = ([span, doc]: readonly [Span.Span, HelpDoc.HelpDoc]): Parameter => {
  const title = spanText(span).replace(/^\((.*)\)$/, "$1").replace(/ 1\+$/, "...")
  // The first paragraph is the type of the value. The title names it better.
  const [, ...paragraphs] = listParagraphs(listBlocks(doc))
  return parameter(title, paragraphs.filter((paragraph) => !isBoilerplate(paragraph)).join(" "), {
    choices: title.includes(" | ") ? title.replace(/^--\S+ /, "").split(" | ") : [],
    isRequired: !paragraphs.some((paragraph) => /optional|zero or more/.test(paragraph)),
    isRepeatable: paragraphs.some((paragraph) => /zero or more|one or more|at least/.test(paragraph))
  })
}

const parametersUnder = (blocks: ReadonlyArray<HelpDoc.HelpDoc>, heading: string): ReadonlyArray<Parameter> => {
  const start = blocks.findIndex((block) => HelpDoc.isHeader(block) && spanText(block.value) === heading)
  return Arr.takeWhile(start === -1 ? [] : blocks.slice(start + 1), HelpDoc.isDescriptionList)
    .flatMap(({ definitions }) => definitions.map(toParameter))
}

const byName = (a: Parameter, b: Parameter): number => a.name < b.name ? -1 : 1

const config: CliConfig.CliConfig = { ...CliConfig.defaultConfig, showBuiltIns: false }

const toNode = (descriptor: Descriptor.Command<unknown>, name: string): Node => {
  const blocks = listBlocks(Descriptor.getHelp(descriptor, config))
  const description = listParagraphs(blocks.slice(0, 2)).join(" ")
  const children = HashMap.toEntries(Descriptor.getSubcommands(descriptor)).toSorted(([a], [b]) => a < b ? -1 : 1)
  // A command without subcommands is listed as its own.
  const isLeaf = children.every(([child]) => child === name)
  return isLeaf
    ? {
      _tag: "Leaf",
      description,
      options: parametersUnder(blocks, "OPTIONS").toSorted(byName),
      args: parametersUnder(blocks, "ARGUMENTS")
    }
    : { _tag: "Group", description, children: new Map(children.map(([name, child]) => [name, toNode(child, name)])) }
}

/** The tree of a command, with its subcommands in the given order. */
export const make = (
  description: string,
  commands: ReadonlyArray<{ readonly descriptor: Descriptor.Command<unknown> }>
): Group => ({
  _tag: "Group",
  description,
  children: new Map(commands.map(({ descriptor }) => {
    const name = Array.from(Descriptor.getNames(descriptor))[0] ?? ""
    return [name, toNode(descriptor, name)]
  }))
})

/** The names of the options of each command, which a config file may have. */
export const optionNames = ({ children }: Group): ConfigFile.Known =>
  new Map(Array.from(children, ([name, child]) => [
    name,
    child._tag === "Group" ? optionNames(child) : child.options.map(({ name }) => name)
  ]))

/** Finds the command that the arguments name, and returns the arguments after its name. */
export const walk = (
  node: Node,
  args: ReadonlyArray<string>,
  path: ReadonlyArray<string> = []
): { readonly node: Node; readonly path: ReadonlyArray<string>; readonly rest: ReadonlyArray<string> } => {
  const [name = "", ...rest] = args
  const child = node._tag === "Group" ? node.children.get(name) : undefined
  return child === undefined ? { node, path, rest: args } : walk(child, rest, [...path, name])
}
