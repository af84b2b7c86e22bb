import effect from "@effect/eslint-plugin"
import tseslint from "typescript-eslint"
import rooms from "./scripts/lint/rooms.mjs"

// Which packages each package may import: dependencies point one way only (docs/design.md).
const layers = {
  model: [],
  gateway: ["model"],
  "platform-node": ["model", "gateway"],
  testing: ["model", "gateway"],
  cluster: ["model", "gateway"],
  bot: ["model", "gateway"],
  state: ["model", "gateway"],
  discordjs: ["model", "gateway"],
  cli: ["model", "gateway", "platform-node", "testing", "cluster"]
}

const forbiddenImports = (allowed) => ({
  "no-restricted-imports": ["error", {
    patterns: [
      { group: ["@vesper/*/internal/*"], message: "internal/ belongs to its package." },
      {
        regex: `^@vesper/(?!(?:${allowed.join("|") || "-"})(?:/|$))`,
        message: "Dependencies point one way only, see docs/design.md."
      }
    ]
  }]
})

// A finalizer is its call's last argument: what stands before it, as in `Effect.ensuring(effect, finalizer)`, is what it
// ends, and can be interrupted. Effects that end something are finalizers elsewhere, and are known by their names.
const finalizers = [
  "CallExpression[callee.object.name='Effect']" +
  "[callee.property.name=/^(addFinalizer|ensuring|acquireRelease|acquireUseRelease|onExit|onInterrupt|onError)$/]" +
  " > :last-child",
  "VariableDeclarator[id.name=/^(stop|close|finish)$/] > .init",
  "Property[key.name=/^(stop|close|finish)$/] > .value"
]

// Only what is written there: what a finalizer calls is not seen.
const unbrokenFinalizers = {
  "no-restricted-syntax": ["error", {
    selector:
      `:matches(${finalizers.join(", ")}) MemberExpression[object.name='Effect'][property.name=/^(timeout|race)/]` +
      ":not(CallExpression:has(> MemberExpression[property.name='disconnect'], > Identifier[name='runToCompletion']) *)",
    message: "A timeout or a race runs in a child, which a second interruption ends although finalizers cannot be " +
      "interrupted. Put Effect.interruptible and then Effect.disconnect around it, or what does both: runToCompletion."
  }]
}

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/node_modules/**",
      "coverage/**",
      ".docs-examples/**",
      "docs/.vitepress/{dist,cache}/**",
      "docs/api/**"
    ]
  },
  {
    files: ["**/*.ts", "**/*.mjs"],
    extends: [tseslint.configs.base],
    plugins: { "@effect": effect },
    rules: {
      "@effect/dprint": ["error", {
        config: {
          indentWidth: 2,
          lineWidth: 120,
          operatorPosition: "maintain",
          semiColons: "asi",
          quoteStyle: "alwaysDouble",
          trailingCommas: "never",
          "arrowFunction.useParentheses": "force",
          "module.sortImportDeclarations": "maintain",
          "importDeclaration.sortNamedImports": "caseInsensitive"
        }
      }],
      "no-console": "error",
      "prefer-const": "error",
      "object-shorthand": "error",
      "no-var": "error",
      eqeqeq: ["error", "always"],
      "max-lines": ["error", { max: 400, skipComments: true, skipBlankLines: true }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/array-type": ["error", { default: "generic", readonly: "generic" }]
    }
  },
  ...Object.entries(layers).map(([name, allowed]) => ({
    files: [`packages/${name}/src/**/*.ts`],
    rules: forbiddenImports(allowed)
  })),
  {
    files: ["packages/*/src/**/*.ts"],
    plugins: { rooms },
    rules: { ...unbrokenFinalizers, "rooms/through-the-entry": "error" }
  },
  {
    files: ["examples/**/*.ts"],
    rules: forbiddenImports(["model", "gateway", "bot", "state", "platform-node", "testing", "cluster"])
  },
  {
    files: ["**/*.test.ts"],
    rules: {
      "no-restricted-syntax": ["error", {
        selector: "ImportDeclaration[source.value='@effect/vitest'] > ImportSpecifier[imported.name='layer'], " +
          "MemberExpression[object.name='it'][property.name='layer']",
        message: "layer of @effect/vitest replaces it.effect for all later files of the process."
      }]
    }
  },
  { files: ["scripts/**", "packages/cli/src/**", "packages/testing/foreign/**"], rules: { "no-console": "off" } }
)
