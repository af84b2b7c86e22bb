import { existsSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type DefaultTheme, defineConfig } from "vitepress"

const docs = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

const folders = (path: string): ReadonlyArray<string> => existsSync(docs(path)) ? readdirSync(docs(path)).sort() : []

/** The pages of the reference, which `npm run reference` writes: one for each module of each package. */
const reference: Array<DefaultTheme.SidebarItem> = [
  "gateway",
  "model",
  "bot",
  "state",
  "discordjs",
  "platform-node",
  "testing",
  "cluster"
]
  .map((
    name
  ) => ({
    text: `@vesper/${name}`,
    collapsed: true,
    items: folders(`api/${name}/src`)
      .filter((file) => file.endsWith(".md"))
      .map((file) => ({ text: file.slice(0, -3), link: `/api/${name}/src/${file.slice(0, -3)}` }))
  }))

const decisions: Array<DefaultTheme.SidebarItem> = folders("decisions")
  .filter((file) => /^\d{4}-/.test(file))
  .map((file) => ({ text: file.slice(0, -3).replaceAll("-", " "), link: `/decisions/${file.slice(0, -3)}` }))

const guides: ReadonlyArray<readonly [text: string, page: string]> = [
  ["Intents and events", "intents"],
  ["Features as layers", "features"],
  ["Commands, buttons and modals", "interactions"],
  ["Guilds, members and permissions", "state"],
  ["Commands from an HTTP handler", "http"],
  ["Sharding and fleets", "sharding"],
  ["Resuming and delivery", "resuming"],
  ["Deploys, Docker and SIGTERM", "deploys"],
  ["One file: esbuild and vite", "bundling"],
  ["Testing your bot", "testing"],
  ["Bun, Deno and browsers", "runtimes"],
  ["Observability", "observability"],
  ["A bot that you have already", "adapters"],
  ["Moving to Vesper", "moving"]
]

const concepts: ReadonlyArray<readonly [text: string, page: string]> = [
  ["The design", "design"],
  ["The states of a shard", "states"],
  ["Lifetimes", "lifetimes"],
  ["The hot path", "hot-path"],
  ["Delivery", "delivery"],
  ["Clusters", "cluster"],
  ["Errors and close codes", "errors"],
  ["Figures", "figures"],
  ["Performance", "performance"],
  ["Reliability", "reliability"],
  ["Other clients", "foreign-clients"],
  ["From twilight", "from-twilight"],
  ["Dependencies", "dependencies"],
  ["When Effect 4?", "effect-4"]
]

const present = (items: ReadonlyArray<readonly [text: string, page: string]>, folder = "") =>
  items
    .filter(([, page]) => existsSync(docs(`${folder}${page}.md`)))
    .map(([text, page]) => ({ text, link: `/${folder}${page}` }))

export default defineConfig({
  title: "Vesper",
  description: "The Discord gateway client for Effect 3 programs",
  cleanUrls: true,
  rewrites: { "README.md": "index.md", "decisions/README.md": "decisions/index.md" },
  // Links to files outside of this folder, and to files that are not pages, work in the repository only.
  ignoreDeadLinks: [/^\.\.?\/(\.\.\/)?packages\//, /^\.\/\.\.\//, /^\.\/deploy\//, /^\.\.?\/(\.\.\/)?examples/],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "Guides", link: "/guides/intents", activeMatch: "^/guides/" },
      { text: "Reference", link: "/api/gateway/src/Shard", activeMatch: "^/api/" }
    ],
    sidebar: {
      "/api/": [{ text: "Reference", items: reference }],
      "/": [
        {
          text: "Start",
          items: [{ text: "Overview", link: "/" }, { text: "A bot in ten minutes", link: "/tutorial" }]
        },
        { text: "Guides", items: present(guides, "guides/") },
        { text: "Concepts", items: present(concepts) },
        { text: "Decisions", collapsed: true, items: [{ text: "Overview", link: "/decisions/" }, ...decisions] }
      ]
    }
  }
})
