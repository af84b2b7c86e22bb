/** Completions for zsh and fish are those of @effect/cli, mended: they do not know `--config`, which is our own. */

const about = "Takes options from this file."

const mends: Readonly<Record<string, (script: string) => string>> = {
  // zsh loads the file `_vesper` at the first Tab, and calls the function of that name only; of any other, that Tab is lost.
  zsh: (script) =>
    script.replaceAll("_vesper_zsh_completions", "_vesper")
      .replace(/^( *)'--wizard\[/gm, `$1'--config[${about}]:FILE:_files' \\\n$&`),
  fish: (script) => `${script.trimEnd()}\ncomplete -c vesper -l config -r -F -d '${about}'`
}

/** The script for a shell, of what @effect/cli prints for it. */
export const mend = (shell: string | undefined, script: string): string => mends[shell ?? ""]?.(script) ?? script
