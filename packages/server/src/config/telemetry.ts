import { z } from 'zod';

/** OpenTelemetry. Everything else of it (headers, protocol, sampling) is read by its own SDK from OTEL_*. */
export const telemetrySection = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where traces and metrics are sent by OTLP (OTEL_EXPORTER_OTLP_ENDPOINT). Needs the packages @opentelemetry/api and @opentelemetry/sdk-node, which are not installed with Keyturn. Default: nothing is sent, and none of it is loaded.',
    ),
  serviceName: z
    .string()
    .min(1)
    .default('keyturn')
    .describe('`service.name` of traces and metrics (OTEL_SERVICE_NAME).'),
});
