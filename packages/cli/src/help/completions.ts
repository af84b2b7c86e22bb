/**
 * Corrects the completion scripts of @effect/cli 0.77. They do not know `--config`, which is not one of its options. The one
 * for bash lists choices as one word, knows neither the levels of `--log-level` nor the options of a subcommand's subcommand,
 * and completes every text with the names of files.
 */
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Effect from "effect/Effect"
import { builtIns, logLevels } from "./commandTree.js"

const about = builtIns.find(({ name }) => name === "config")?.description.replace(/\. .*/, ".") ?? ""

/** The options whose value is a file or a folder. */
const isPath = (name: string): boolean => /^(database|resume-file|scenario|state)$/.test(name)

const corrections: Readonly<Record<"bash" | "zsh" | "fish", (script: string) => string>> = {
  bash: (script) =>
    script.replace(/^( +vesper),(\w+),(\w+\))$/gm, "$1__$2,$3")
      .replace(/opts="(?=-)/g, "opts=\"--config ")
      .replace(/-W "([\w,-]+)"/g, (_, choices: string) => `-W "${choices.replaceAll(",", " ")}"`)
      .replace(
        /--([\w-]+)\)\n( *)COMPREPLY=\( \$\(compgen -f "\$\{cur\}"\) \)/g,
        (all, name: string, indent: string) => isPath(name) ? all : `--${name})\n${indent}COMPREPLY=()`
      )
      .replace(
        /^( *)case "\$\{prev\}" in$/gm,
        `$&\n$1    --log-level) COMPREPLY=( $(compgen -W "${logLevels.join(" ")}" -- "\${cur}") ); return 0;;` +
          "\n$1    --config) COMPREPLY=( $(compgen -f -- \"${cur}\") ); return 0;;"
      ),
  // zsh loads the file `_vesper` at the first Tab and calls the function of that name.
  zsh: (script) =>
    script.replaceAll("_vesper_zsh_completions", "_vesper")
      .replace(/^( *)'--wizard\[/gm, `$1'--config[${about}]:FILE:_files' \\\n$&`),
  fish: (script) => `${script.trimEnd()}\ncomplete -c vesper -l config -r -F -d '${about}'`
}

const generators = {
  bash: Descriptor.getBashCompletions,
  zsh: Descriptor.getZshCompletions,
  fish: Descriptor.getFishCompletions
}

/** The completions of a command for a shell. `sh` is another name of bash. */
export const make = (descriptor: Descriptor.Command<unknown>, shell: string): Effect.Effect<string> => {
  const name = shell === "zsh" || shell === "fish" ? shell : "bash"
  return Effect.map(generators[name](descriptor, "vesper"), (lines) => corrections[name](lines.join("\n")))
}
