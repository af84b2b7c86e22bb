/** The help of a command: its description, its options with their defaults, and examples. */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import { wrap } from "../tui/index.js"
import * as CommandTree from "./commandTree.js"
import { examples } from "./examples.js"

type HelpRow = readonly [title: string, text: string]

const bold = (text: string): string => Doc.render(Doc.annotate(Doc.text(text), Ansi.bold), { style: "pretty" })

/** A table of two columns. A title that is too long for its column is put on its own line. */
const table = (rows: ReadonlyArray<HelpRow>, columns: number): ReadonlyArray<string> => {
  const width = Math.min(30, Math.max(...rows.map(([title]) => title.length))) + 2
  return rows.flatMap(([title, text]) => {
    const [first = "", ...rest] = wrap(text, Math.max(24, columns - width - 2))
    const indented = rest.map((line) => " ".repeat(width + 2) + line)
    return title.length + 2 > width
      ? [`  ${title}`, " ".repeat(width + 2) + first, ...indented]
      : [`  ${title.padEnd(width)}${first}`, ...indented]
  })
}

const section = (heading: string, rows: ReadonlyArray<HelpRow>, columns: number): ReadonlyArray<string> =>
  rows.length === 0 ? [] : ["", bold(heading), ...table(rows, columns)]

const toRow = ({ description, isRequired, name, title }: CommandTree.Parameter): HelpRow => [
  title,
  isRequired && name !== title ? `${description} Required.` : description
]

const firstSentence = (text: string): string => /^.*?[.](?= |$)/.exec(text)?.[0] ?? text

const listCommands = (node: CommandTree.Node, prefix = ""): ReadonlyArray<HelpRow> =>
  node._tag === "Leaf" ?
    [] :
    Array.from(node.children).flatMap(([name, child]): ReadonlyArray<HelpRow> =>
      child._tag === "Leaf"
        ? [[prefix + name, firstSentence(child.description)]]
        : listCommands(child, `${prefix + name} `)
    )

const renderUsage = (node: CommandTree.Node, command: string): string => {
  if (node._tag === "Group") {
    return `${command} <command> [options]`
  }
  const required = node.options.filter(({ isRequired }) => isRequired).map(({ title }) => title)
  return [command, ...required, "[options]", ...node.args.map(({ title }) => title)].join(" ")
}

const exampleLines = (rows: ReadonlyArray<HelpRow>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([line]) => line.length))
  return rows.length === 0
    ? []
    : ["", bold("examples"), ...rows.map(([line, what]) => `  ${line.padEnd(width)}   # ${what}`)]
}

/** Renders the help of a command for a screen of a number of columns. */
export const render = (node: CommandTree.Node, path: ReadonlyArray<string>, columns: number): string => {
  const command = ["vesper", ...path].join(" ")
  return [
    ...wrap(`${command}: ${node.description}`, columns),
    "",
    `${bold("usage:")} ${renderUsage(node, command)}`,
    ...(node._tag === "Group"
      ? section("commands", listCommands(node), columns)
      : [
        ...section("arguments", node.args.map(toRow), columns),
        ...section("options", node.options.map(toRow), columns)
      ]),
    ...(path.length === 0 || node._tag === "Leaf"
      ? section("options of all commands", CommandTree.builtIns.map(toRow), columns)
      : []),
    ...exampleLines(examples[path.join(" ")] ?? []),
    ...(node._tag === "Group" ? ["", `The help of a command: ${command} <command> --help`] : [])
  ].join("\n")
}
