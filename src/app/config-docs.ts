/** docs/config.md, made from the table of options. */
import { expectation } from './option.js'
import { environmentName, flagOf, type OptionName, optionNames, placeholderOf, specOf } from './options.js'

/** A config file as the docs show it; the tests read it. */
export const exampleConfig = `# recserve.yaml
host: 0.0.0.0
http-port: 8501
fallback: popular
name:
  movies: ./runs/17/als
libserving-model:
  embed: movies
log-format: json
`

const introduction = `# Options

<!-- Written by \`npm run docs\` from src/app/option-table.ts: change that. -->

Every option can be given in three ways; the first of these that gives it wins, then comes the default:

| | \`http-port\` | switches | repeatable pairs | lists |
|---|---|---|---|---|
| flag | \`--http-port 8501\` | \`--json\`, \`--no-json\` | \`--name a=./x --name b=./y\` | \`--sequence 1,2\` |
| environment | \`RECSERVE_HTTP_PORT=8501\` | \`true\` or \`false\` | \`RECSERVE_NAME=a=./x,b=./y\` | \`RECSERVE_SEQUENCE=1,2\` |
| config file | \`http-port: 8501\` | \`true\` or \`false\` | a mapping | a list |

TensorFlow Serving's flags keep its spelling (\`--model_base_path=DIR\`); in the environment and in a config file they are named like all
others (\`RECSERVE_MODEL_BASE_PATH\`, \`model-base-path\`).

Names of models and paths that hold a comma can be given by flag or config file only. Paths are relative to the directory recserve is
started in, wherever they are written. Variables that do not begin with \`RECSERVE_\` are set for other programs, too: they are looked
at last, and only where no other option decides. An empty environment variable counts as not set. Options of other commands may stand in the
environment and in the config file. Anything recserve does not know, a \`RECSERVE_\` variable included, and any value that does not
fit is an error that says where it is; recserve then ends with exit code 2 before it starts anything.

A config file (\`--config FILE\` or \`RECSERVE_CONFIG\`) is YAML, or JSON if its name ends in \`.json\`:

\`\`\`yaml
${exampleConfig}\`\`\`
`

/** The whole page; `npm run docs` writes it, a test compares. */
export function toConfigMarkdown(): string {
  const sections = new Map<string, OptionName[]>()
  for (const name of optionNames) {
    const title = titleOf(name)
    sections.set(title, [...(sections.get(title) ?? []), name])
  }
  return [introduction, ...[...sections].map(([title, names]) => toSection(title, names))].join('\n')
}

function titleOf(name: OptionName): string {
  const names = specOf(name).commands.map((command) => `\`${command}\``)
  return [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ')
}

function toSection(title: string, names: readonly OptionName[]): string {
  return `## ${title}

| option | environment | value | default | what it does |
|---|---|---|---|---|
${names.map(toRow).join('\n')}
`
}

function toRow(name: OptionName): string {
  const spec = specOf(name)
  const short = spec.short ? `\`-${spec.short}\`, ` : ''
  const placeholder = placeholderOf(spec)
  const flag =
    placeholder && spec.type !== 'one-of' ? `--${flagOf(name)} ${placeholder}` : `--${flagOf(name)}`
  const byDefault = 'default' in spec && spec.default !== undefined ? `\`${spec.default}\`` : ''
  const cells = [
    `${short}\`${flag}\``,
    [environmentName(name), ...(spec.foreign?.variables ?? [])]
      .map((variable) => `\`${variable}\``)
      .join(', '),
    expectation(spec),
    byDefault,
    `${spec.help}.`,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
