import packageJson from '../package.json' with { type: 'json' };

/** The version of this build, as `keyturn --version` prints it and MCP clients see it. */
export const version: string = packageJson.version;
