/** The commands, their options and arguments, as @effect/cli knows them for its own help. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import type * as HelpDoc from "@effect/cli/HelpDoc"
import type * as Span from "@effect/cli/HelpDoc/Span"
import * as HashMap from "effect/HashMap"

/** An option or an argument. */
export interface Entry {
  /** As it is written: `--shards number`, `<file>...`. */
  readonly title: string
  /** Without dashes and value. */
  readonly name: string
  readonly hasValue: boolean
  /** The only values that it takes; none if there are too many to name. */
  readonly choices: ReadonlyArray<string>
  readonly isRequired: boolean
  readonly description: string
}

/** A command that does something. */
export interface Leaf {
  readonly _tag: "Leaf"
  readonly description: string
  readonly options: ReadonlyArray<Entry>
  readonly args: ReadonlyArray<Entry>
}

/** A command that has commands. */
export interface Group {
  readonly _tag: "Group"
  readonly description: string
  readonly children: ReadonlyMap<string, Node>
}

export type Node = Group | Leaf

const nameOf = (title: string): string => /--([a-z][a-z-]*)/.exec(title)?.[1] ?? title

const hasValue = (title: string): boolean => /^--[a-z-]+ /.test(title)

const builtIn = (title: string, description: string, choices: ReadonlyArray<string> = []): Entry => ({
  title,
  name: nameOf(title),
  hasValue: hasValue(title),
  choices,
  isRequired: false,
  description
})

/** What every command understands. */
export const builtIns: ReadonlyArray<Entry> = [
  builtIn("--help, -h", "Says how the command is used."),
  builtIn(
    "--config file",
    "Takes options from this file. Without it, from vesper.json where the command runs, if there is one."
  ),
  builtIn("--wizard", "Asks for the options one by one."),
  builtIn(
    "--log-level level",
    "The least that the log tells: trace, debug, info, warning, error or none. Default: info.",
    ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]
  ),
  builtIn("--completions shell", "Prints completions for bash, zsh or fish.", ["bash", "zsh", "fish", "sh"]),
  builtIn("--version", "Prints the version.")
]

const textOf = (span: Span.Span): string => {
  switch (span._tag) {
    case "Text":
    case "URI":
      return span.value
    case "Sequence":
      return textOf(span.left) + textOf(span.right)
    default:
      return textOf(span.value)
  }
}

const blocksOf = (doc: HelpDoc.HelpDoc): ReadonlyArray<HelpDoc.HelpDoc> =>
  doc._tag === "Sequence" ? [...blocksOf(doc.left), ...blocksOf(doc.right)] : [doc]

const paragraphsOf = (doc: HelpDoc.HelpDoc): ReadonlyArray<string> =>
  blocksOf(doc).flatMap((block) => block._tag === "Paragraph" ? [textOf(block.value)] : [])

/** What @effect/cli says of every option: whether it can be left out, or comes from elsewhere. */
const isBoilerplate = (paragraph: string): boolean =>
  /^This (setting|option|argument) (is|may|can|must) /.test(paragraph)

const entryOf = ([span, doc]: readonly [Span.Span, HelpDoc.HelpDoc]): Entry => {
  const title = textOf(span).replace(/^\((.*)\)$/, "$1").replace(/ 1\+$/, "...")
  // The first paragraph says of which type the value is, which its name says better.
  const [, ...paragraphs] = paragraphsOf(doc)
  return {
    title,
    name: nameOf(title),
    hasValue: hasValue(title),
    choices: title.includes(" | ") ? title.replace(/^--\S+ /, "").split(" | ") : [],
    isRequired: !paragraphs.some((paragraph) => /optional|zero or more/.test(paragraph)),
    description: paragraphs.filter((paragraph) => !isBoilerplate(paragraph)).join(" ")
  }
}

const entriesUnder = (blocks: ReadonlyArray<HelpDoc.HelpDoc>, heading: string): ReadonlyArray<Entry> => {
  const start = blocks.findIndex((block) => block._tag === "Header" && textOf(block.value) === heading)
  const entries: Array<Entry> = []
  for (const block of start === -1 ? [] : blocks.slice(start + 1)) {
    if (block._tag !== "DescriptionList") {
      break
    }
    entries.push(...block.definitions.map(entryOf))
  }
  return entries
}

const byName = (a: Entry, b: Entry): number => a.name < b.name ? -1 : 1

const config: CliConfig.CliConfig = { ...CliConfig.defaultConfig, showBuiltIns: false }

const nodeOf = (descriptor: Descriptor.Command<unknown>, name: string): Node => {
  const blocks = blocksOf(Descriptor.getHelp(descriptor, config))
  const description = paragraphsOf({ _tag: "Sequence", left: blocks[0] ?? empty, right: blocks[1] ?? empty }).join(" ")
  const children = HashMap.toEntries(Descriptor.getSubcommands(descriptor)).toSorted(([a], [b]) => a < b ? -1 : 1)
  // A command without any is its own.
  const isLeaf = children.every(([child]) => child === name)
  return isLeaf
    ? {
      _tag: "Leaf",
      description,
      options: entriesUnder(blocks, "OPTIONS").toSorted(byName),
      args: entriesUnder(blocks, "ARGUMENTS")
    }
    : { _tag: "Group", description, children: new Map(children.map(([name, child]) => [name, nodeOf(child, name)])) }
}

const empty: HelpDoc.HelpDoc = { _tag: "Empty" }

/** The tree of a command, with its commands in the order in which they are given. */
export const make = (
  description: string,
  commands: ReadonlyArray<{ readonly descriptor: Descriptor.Command<unknown> }>
): Group => ({
  _tag: "Group",
  description,
  children: new Map(commands.map(({ descriptor }) => {
    const name = Array.from(Descriptor.getNames(descriptor))[0] ?? ""
    return [name, nodeOf(descriptor, name)]
  }))
})

/** Names of options by command, without those of groups. */
export interface OptionNames extends ReadonlyMap<string, ReadonlyArray<string> | OptionNames> {}

export const optionsOf = ({ children }: Group): OptionNames =>
  new Map(Array.from(children, ([name, child]) => [
    name,
    child._tag === "Group" ? optionsOf(child) : child.options.map(({ name }) => name)
  ]))

/** The command that arguments name, and what comes after its name. */
export const walk = (
  node: Node,
  args: ReadonlyArray<string>,
  path: ReadonlyArray<string> = []
): { readonly node: Node; readonly path: ReadonlyArray<string>; readonly rest: ReadonlyArray<string> } => {
  const [name = "", ...rest] = args
  const child = node._tag === "Group" ? node.children.get(name) : undefined
  return child === undefined ? { node, path, rest: args } : walk(child, rest, [...path, name])
}
