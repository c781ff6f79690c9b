/**
 * What touches the world on behalf of every other package: the guarded fetch, through which all outbound HTTP goes,
 * the one sender each for mail and webhooks, and the loader of settings from flags, environment and files. It leaves the meaning of answers and of settings to
 * its callers.
 *
 * Read `guarded-fetch.ts` first; `address-guard.ts` decides what may be reached, `guarded-connections.ts` enforces it
 * in the moment of connecting, `send-hop.ts` keeps time and size, `redirect.ts` says what goes on to the next hop.
 * Of the settings, read `settings/load-settings.ts`; each source has its own file beside it.
 */
export type { FetchedHeaders, FetchedResponse } from './fetched-response.ts';
export type { ResolveHost } from './guarded-connections.ts';
export type { GuardedFetch, GuardedFetchOptions, GuardedRequest } from './guarded-fetch.ts';
export { createGuardedFetch } from './guarded-fetch.ts';
export { parseHostPattern } from './host-pattern.ts';
export type { MailRefusal } from './mail/mail-refusal.ts';
export { explainMailRefusal } from './mail/mail-refusal.ts';
export type { Mail, MailAddress, MailServer } from './mail/send-mail.ts';
export { sendMail } from './mail/send-mail.ts';
export { nearestName } from './nearest-name.ts';
export type { NetRefusal } from './net-refusal.ts';
export { explainNetRefusal } from './net-refusal.ts';
export type { Environment, ReadFile } from './settings/from-environment.ts';
export type { Flags } from './settings/from-flags.ts';
export type { LoadedSettings, SettingSources } from './settings/load-settings.ts';
export { loadSettings } from './settings/load-settings.ts';
export { maskSettings } from './settings/mask-settings.ts';
export type { SettingAlias } from './settings/names.ts';
export { environmentName, flagName } from './settings/names.ts';
export type { SettingFault, SettingOrigin } from './settings/setting-fault.ts';
export { explainSettingFault } from './settings/setting-fault.ts';
export type { Webhook, WebhookRefusal } from './webhooks/send-webhook.ts';
export { explainWebhookRefusal, sendWebhook, webhookDelay } from './webhooks/send-webhook.ts';
export type { WebhookFault, WebhookMessage } from './webhooks/signature.ts';
export { parseWebhookSecret, signWebhook, verifyWebhook } from './webhooks/signature.ts';
