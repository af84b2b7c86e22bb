/**
 * A lint rule for the rooms of a package, which are the folders below its `src`: a file imports another room only through
 * its entry, `index.ts`. Public modules, directly in `src`, import the files that they are made of.
 */
import { basename, dirname, resolve } from "node:path"

// The folders of the model hold public modules, not rooms.
const sourceFolder = (file) => /^.*\/packages\/(?!(?:model|bench)\/)[^/]+\/src(?=\/)/.exec(file)?.[0]

const reachesPast = (file, specifier) => {
  const source = sourceFolder(file)
  const folder = dirname(file)
  if (source === undefined || folder === source || !specifier.startsWith(".")) {
    return false
  }
  const target = resolve(folder, specifier)
  const room = dirname(target)
  return room !== folder && room !== source && basename(target) !== "index.js" && room.startsWith(`${source}/`)
}

const throughTheEntry = {
  meta: {
    type: "problem",
    schema: [],
    messages: { entry: "Import another room through its entry, index.js, which exports what neighbours use." }
  },
  create: (context) => {
    const check = ({ source }) => {
      if (source?.type === "Literal" && reachesPast(context.filename, String(source.value))) {
        context.report({ node: source, messageId: "entry" })
      }
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check
    }
  }
}

export default { rules: { "through-the-entry": throughTheEntry } }
