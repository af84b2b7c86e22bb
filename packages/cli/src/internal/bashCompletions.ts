/** Completions for bash, of our own: those of @effect/cli know no options of commands under a command. */
import * as CommandTree from "./commandTree.js"

const quoted = (words: ReadonlyArray<string>): string => `'${words.join(" ")}'`

/** Every command with its path, the whole first. */
const nodesOf = (
  node: CommandTree.Node,
  path: ReadonlyArray<string> = []
): ReadonlyArray<readonly [path: string, node: CommandTree.Node]> => [
  [path.join(" "), node],
  ...(node._tag === "Leaf"
    ? []
    : Array.from(node.children).flatMap(([name, child]) => nodesOf(child, [...path, name])))
]

const isFile = ({ title }: CommandTree.Entry): boolean => /\b(file|directory)\b/.test(title)

const optionsOf = (node: CommandTree.Node): ReadonlyArray<CommandTree.Entry> => [
  ...(node._tag === "Leaf" ? node.options : []),
  ...CommandTree.builtIns
]

/** What may follow an option that takes a value. */
const valueOf = (path: string, entry: CommandTree.Entry): ReadonlyArray<string> =>
  entry.hasValue
    ? [
      `    '${path}/--${entry.name}') COMPREPLY=(${
        entry.choices.length > 0
          ? `$(compgen -W ${quoted(entry.choices)} -- "$current")`
          : isFile(entry)
          ? "$(compgen -f -- \"$current\")"
          : ""
      });${isFile(entry) ? " compopt -o filenames 2>/dev/null;" : ""} return;;`
    ]
    : []

const wordsOf = (node: CommandTree.Node): ReadonlyArray<string> => [
  ...(node._tag === "Group" ? node.children.keys() : []),
  ...optionsOf(node).map(({ name }) => `--${name}`)
]

/** A script for bash's `source`. */
export const script = (tree: CommandTree.Group): string => {
  const nodes = nodesOf(tree)
  return [
    "_vesper() {",
    "  local current=\"${COMP_WORDS[COMP_CWORD]}\" command='' word",
    "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do",
    "    case \"${command:+$command }$word\" in",
    `      ${nodes.slice(1).map(([path]) => `'${path}'`).join("|")}) command="\${command:+$command }$word";;`,
    "    esac",
    "  done",
    "  case \"$command/${COMP_WORDS[COMP_CWORD-1]}\" in",
    ...nodes.flatMap(([path, node]) => optionsOf(node).flatMap((entry) => valueOf(path, entry))),
    "  esac",
    "  case \"$command\" in",
    ...nodes.map(([path, node]) => `    '${path}') COMPREPLY=($(compgen -W ${quoted(wordsOf(node))} -- "$current"));;`),
    "  esac",
    "  # An argument may be a file.",
    "  if [ ${#COMPREPLY[@]} -eq 0 ]; then",
    "    COMPREPLY=($(compgen -f -- \"$current\"))",
    "    compopt -o filenames 2>/dev/null",
    "  fi",
    "}",
    "complete -F _vesper vesper"
  ].join("\n")
}
