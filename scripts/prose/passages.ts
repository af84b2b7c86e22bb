/**
 * Finds the prose of a file. Markdown without code, tables and the targets of links; of TypeScript and JavaScript the
 * comments and docstrings, without examples and without tags that hold no sentence.
 */
import ts from "typescript"

export interface Line {
  /** In its file, from 1. */
  readonly number: number
  readonly text: string
}

/** Lines that belong together: a paragraph or an item of a list, a docstring's description, a comment. */
export interface Passage {
  readonly lines: ReadonlyArray<Line>
  /** The first passage of a docstring. */
  readonly isOpening: boolean
}

/** Code in a sentence counts as one word, and as none of the habits. */
const withoutCode = (text: string): string =>
  text
    .replace(/`[^`]*`/g, "code")
    .replace(/\{@link [^}]*\}/g, "code")
    .replace(/\]\([^)]*\)/g, "]")
    .replace(/https?:\/\/\S+/g, "code")

const blockStart = /^\s*(?:[-*+]|\d+\.|#+|>)\s/

const divide = (lines: ReadonlyArray<Line | undefined>, isDocstring: boolean): ReadonlyArray<Passage> => {
  const passages: Array<Passage> = []
  let current: Array<Line> = []
  const end = () => {
    if (current.length > 0) {
      passages.push({ lines: current, isOpening: isDocstring && passages.length === 0 })
      current = []
    }
  }
  for (const line of lines) {
    if (line === undefined || line.text.trim() === "") {
      end()
      continue
    }
    if (blockStart.test(line.text)) {
      end()
    }
    current.push({ number: line.number, text: withoutCode(line.text.replace(blockStart, "")).trim() })
    if (/^\s*#/.test(line.text)) {
      end()
    }
  }
  end()
  return passages
}

export const ofMarkdown = (text: string): ReadonlyArray<Passage> => {
  let fence: string | undefined
  let isComment = false
  const lines = text.split("\n").map((line, index): Line | undefined => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark !== undefined && (fence === undefined || line.trim() === fence)) {
      fence = fence === undefined ? mark : undefined
      return undefined
    }
    if (fence !== undefined) {
      return undefined
    }
    const wasComment = isComment
    if (line.includes("<!--")) {
      isComment = true
    }
    if (line.includes("-->")) {
      isComment = false
      return undefined
    }
    return wasComment || isComment || /^\s*\|/.test(line) ? undefined : { number: index + 1, text: line }
  })
  // The front matter of a page of the site is data.
  const first = lines[0]?.text === "---" ? lines.findIndex((line, index) => index > 0 && line?.text === "---") + 1 : 0
  return divide(lines.slice(first), false)
}

/** Tags whose text is no sentence, up to the next tag. */
const silentTag = /^@(?:category|example|internal|module|see|since|template|type)\b/

const ofBlock = (text: string, firstLine: number): ReadonlyArray<Passage> => {
  const isDocstring = text.startsWith("/**")
  let isSilent = false
  let isFenced = false
  const lines = text
    .replace(/^\/\*+/, (start) => " ".repeat(start.length))
    .replace(/\*+\/$/, "")
    .split("\n")
    .map((line, index): Line | undefined => {
      const content = line.replace(/^\s*\* ?/, "")
      const trimmed = content.trim()
      if (trimmed.startsWith("```")) {
        isFenced = !isFenced
        return undefined
      }
      if (!isFenced && trimmed.startsWith("@")) {
        isSilent = silentTag.test(trimmed)
      }
      return isFenced || isSilent ? undefined : { number: firstLine + index, text: content.replace(/^\s*@\w+ ?/, "") }
    })
  return divide(lines, isDocstring)
}

/** Comments that a tool reads. */
const isDirective = (text: string): boolean => /^\/[/*]\s*(?:@ts-|eslint|prettier|v8 ignore|#)|^\/\/\//.test(text)

const commentRanges = (file: ts.SourceFile): ReadonlyArray<ts.CommentRange> => {
  const found = new Map<number, ts.CommentRange>()
  const add = (ranges: ReadonlyArray<ts.CommentRange> | undefined) => ranges?.forEach((it) => found.set(it.pos, it))
  const visit = (node: ts.Node) => {
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) {
      return
    }
    const children = node.getChildren(file)
    // Text of a template or JSX is no place for comments.
    if (children.length === 0) {
      add(ts.getLeadingCommentRanges(file.text, node.pos))
      add(ts.getTrailingCommentRanges(file.text, node.end))
    }
    children.forEach(visit)
  }
  visit(file)
  return Array.from(found.values()).sort((left, right) => left.pos - right.pos)
}

export const ofCode = (name: string, text: string): ReadonlyArray<Passage> => {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const passages: Array<Passage> = []
  let run: Array<Line> = []
  const endRun = () => {
    passages.push(...divide(run, false))
    run = []
  }
  for (const { end, kind, pos } of commentRanges(file)) {
    const comment = text.slice(pos, end)
    const number = file.getLineAndCharacterOfPosition(pos).line + 1
    if (isDirective(comment)) {
      continue
    }
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      endRun()
      passages.push(...ofBlock(comment, number))
      continue
    }
    if (run.length > 0 && run.at(-1)?.number !== number - 1) {
      endRun()
    }
    run.push({ number, text: comment.slice(2) })
  }
  endRun()
  return passages
}

/** The prose of a file; none of a file of another kind. */
export const of = (name: string, text: string): ReadonlyArray<Passage> =>
  name.endsWith(".md") ? ofMarkdown(text) : /\.(?:c|m)?(?:j|t)s$/.test(name) ? ofCode(name, text) : []
