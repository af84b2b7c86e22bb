import { describe, expect, it } from "vitest"
import { count, rate } from "./count.js"
import { habits } from "./habits.js"
import { of } from "./passages.js"

const hitsOf = (name: string, text: string) =>
  count(of(name, text), habits).hits.map(({ line, match }) => `${line}: ${match}`)

describe("the count of a page", () => {
  it("has each habit with its line", () => {
    expect(hitsOf(
      "page.md",
      "# What it is\n\nNobody comes, for it is no use.\n\n- told\n- gives it anew, and goes\n"
    )).toEqual([
      "1: What",
      "3: Nobody",
      "3: comes",
      "3: , for it",
      "3: is no",
      "5: told",
      "6: goes",
      "6: gives",
      "6: anew"
    ])
  })

  it("has a habit that a line break divides, at the line that it begins in", () => {
    expect(hitsOf("page.md", "The socket closes, for\nthe gateway asked for it.\n")).toEqual(["1: , for the"])
  })

  it("leaves out code, tables, targets of links and comments", () => {
    expect(hitsOf(
      "page.md",
      "```ts\nwhat nobody gives\n```\n\n| who | what |\n\n<!-- nobody\nnobody -->\n\nSee [the page](what-comes.md) and `told`.\n"
    )).toEqual([])
  })

  it("has no questions among the clauses", () => {
    expect(hitsOf("page.md", "What is a shard? It is what connects.\n")).toEqual(["1: what"])
  })

  it("has the words of prose alone", () => {
    expect(count(of("page.md", "Two words, and `some code of any length`.\n\n```\nnone of these\n```\n"), habits).words)
      .toBe(4)
  })
})

describe("the count of a module", () => {
  it("has comments and docstrings, and no strings", () => {
    expect(hitsOf(
      "module.ts",
      "const text = \"nobody\" // somebody\n/* everybody */\nconst url = `http://nobody/${text}` // whoever\n"
    )).toEqual(["1: somebody", "2: everybody", "3: whoever"])
  })

  it("has a docstring that opens with a clause twice", () => {
    expect(hitsOf("module.ts", "/**\n * What a shard needs. Sends what it has.\n */\nexport const shard = 1\n"))
      .toEqual([
        "2: What",
        "2: what",
        "2: What"
      ])
  })

  it("leaves out examples and tags that hold no sentence, and has those of parameters", () => {
    expect(hitsOf(
      "module.ts",
      "/**\n * Sends.\n *\n * @example\n * // what nobody gives\n *\n * @param text what is sent\n * @see nobody\n */\nconst a = 1\n"
    )).toEqual(["7: what"])
  })

  it("joins the comments of lines that follow each other", () => {
    expect(hitsOf("module.ts", "// It closes, for\n// the gateway asked.\n\n// for\n// it\n")).toEqual(["1: , for the"])
  })
})

describe("a count", () => {
  it("can be limited to lines", () => {
    const { hits, words } = count(of("page.md", "nobody\nsomebody else\n"), habits, (line) => line === 2)
    expect(hits.map(({ match }) => match)).toEqual(["somebody"])
    expect(words).toBe(2)
  })

  it("is a rate per 1,000 words, and 0 without words", () => {
    expect(rate(3, 1500)).toBe(2)
    expect(rate(0, 0)).toBe(0)
  })
})
