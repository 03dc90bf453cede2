// What `${NAME}` in a configuration value becomes: the environment variable, as it is. It is put into a value
// that YAML has already read, so a `:` or a newline in it cannot become configuration.

export interface ResolvedText {
  readonly text: string;
  /** True when any part of the text came from the environment, and so must not be shown. */
  readonly isFromEnvironment: boolean;
  /** What is wrong with the references: one sentence each. */
  readonly problems: readonly string[];
}

const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

/** Replaces every `${NAME}`; `$${` stands for a literal `${`. */
export function resolveReferences(template: string, env: NodeJS.ProcessEnv): ResolvedText {
  const problems: string[] = [];
  let isFromEnvironment = false;
  const text = template.replace(reference, (match, name: string | undefined) => {
    if (match === '$${') return '${';
    if (name === undefined) {
      problems.push(
        `expected $\{NAME} with letters, digits and _ only ($$\{ stands for a literal $\{)`,
      );
      return match;
    }
    isFromEnvironment = true;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) problems.push(`the environment variable ${name} is not set`);
    return value ?? '';
  });
  return { text, isFromEnvironment, problems };
}
