import { environmentName, flagName } from '@keyturn/net';
import { aliases, describeSettings } from '@keyturn/server';

/** The page of settings as Markdown: every one with its names, default and meaning. docs/reference/settings.md is this. */
export function buildSettingsReference(): string {
  const rows = describeSettings().map(({ path, description, fallback, required }) => {
    const others = aliases.filter((alias) => alias.path === path);
    const names = [
      environmentName('KEYTURN_', path),
      ...others.flatMap(({ env }) => (env === undefined ? [] : [env])),
      ...others.flatMap(({ flag }) => (flag === undefined ? [] : [`--${flag}`])),
    ];
    const shown = fallback === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(fallback)}\``;
    const cells = [
      `\`${path}\`<br>\`--${flagName(path)}\``,
      names.map((name) => `\`${name}\``).join('<br>'),
      shown,
      description,
    ];
    return { section: path.slice(0, path.indexOf('.')), row: `| ${cells.join(' | ')} |` };
  });
  const pages = [...Map.groupBy(rows, ({ section }) => section)].map(
    ([section, members]) =>
      `## ${section}\n\n| setting, flag | environment and other names | default | meaning |\n| --- | --- | --- | --- |\n${members.map(({ row }) => row).join('\n')}`,
  );
  return `# Settings

<!-- made by “keyturn config reference”; a test holds this page to it -->

A flag beats the environment, the environment a mounted file (\`NAME_FILE\` holds the path of a file with the value), that the settings file, the file a default. Unknown names are refused, and all faults are listed at once, each with where it came from. \`keyturn config print --show-origin\` shows what is in force and why; secrets are masked.

Two names that set one thing to different values are an error that names both. There is no setting that turns verification off: \`VERIFY_AUDIENCE=false\` is refused with the reason.

**Key address.** \`auth.jwksUrl\` if given; else, where \`auth.discovery\` is on or the issuer is no Keycloak realm, the issuer’s discovery document; else the in-cluster service if \`auth.releaseName\` is given; else the realm’s certs path below the issuer.

${pages.join('\n\n')}
`;
}
