export type McpEra = 'modern' | 'legacy';

/** Which era the MCP server at each URL was found to speak, so that not every call has to find out. */
export interface McpEras {
  readonly of: (url: string) => McpEra | undefined;
  readonly remember: (url: string, era: McpEra) => void;
  readonly forget: (url: string) => void;
}

/** URLs that are remembered; beyond that the one that was remembered first goes. */
const most = 1000;

/** Remembers for as long as the process lives: an era is found out again whenever the tools are listed again. */
export function rememberEras(): McpEras {
  const eras = new Map<string, McpEra>();
  return {
    of: (url) => eras.get(url),
    remember(url, era) {
      eras.set(url, era);
      const [oldest] = eras.keys();
      if (eras.size > most && oldest !== undefined) eras.delete(oldest);
    },
    forget: (url) => void eras.delete(url),
  };
}
