import type { Io } from './io.ts';
import { listenOrSay } from './ports.ts';
import { readSettings, type SettingsSource } from './settings.ts';
import { buildService } from './start-server.ts';

/** `keyturn serve`: the service alone, until it is told to stop. */
export async function runServe(io: Io, source: SettingsSource): Promise<void> {
  const { settings } = await readSettings(io, source);
  const service = await buildService(settings, io);
  try {
    const { url, managementUrl } = await listenOrSay(
      'keyturn serve',
      [
        { what: 'Keyturn', port: settings.http.port, flag: '--http.port' },
        { what: 'its health and metrics', port: settings.management.port, flag: '--management.port' },
      ],
      service.listen,
    );
    io.print(`Keyturn listens on ${url} (health and metrics: ${managementUrl})`);
    await io.stopped;
  } finally {
    await service.close();
  }
}
