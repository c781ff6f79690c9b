import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { openTelemetry } from './telemetry.ts';

const open = (settings: { endpoint?: string }, env: Record<string, string>) =>
  openTelemetry({ serviceName: 'keyturn', ...settings }, { env, cwd: tmpdir() });

describe('telemetry', () => {
  it('is not there, and nothing of it is loaded, unless somebody asks', async () => {
    expect(await open({}, {})).toBeUndefined();
    expect(await open({}, { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined();
    expect(await open({ endpoint: 'http://localhost:4318' }, { OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  });

  it('that is asked for and not installed stops the start, and says how to add it', async () => {
    for (const asked of [open({ endpoint: 'http://localhost:4318' }, {}), open({}, { OTEL_TRACES_EXPORTER: 'otlp' })]) {
      await expect(asked).rejects.toThrow('npm install @opentelemetry/api @opentelemetry/sdk-node');
    }
  });
});
