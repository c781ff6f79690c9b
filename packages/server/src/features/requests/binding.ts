import { digestOf } from '@keyturn/policy';
import type { AskedCall, Requester } from './request.ts';

/** What an approval is bound to. */
export interface Binding {
  readonly digest: string;
  /** By which a repeated call finds its request, whatever policies and definitions have become since. */
  readonly callKey: string;
}

/**
 * The digest of a call: caller, action, target or tool (with its definition and audience), canonical arguments, and the
 * version of the policies that asked for the approval.
 */
export function bind(requester: Requester, call: AskedCall, policyVersion: string): Binding {
  const { issuer, identity, subject, client, pat, actors } = requester;
  const caller = {
    issuer,
    identity,
    subject,
    client,
    pat,
    onBehalfOf: actors.length === 0 ? undefined : actors.join(' '),
  };
  const { action, tool, targetUri, toolVersion, args } = call;
  const target = toolVersion === undefined ? targetUri : `${targetUri ?? ''} ${toolVersion}`;
  return {
    digest: digestOf({ caller, action, tool, target, args, policyVersion }),
    callKey: digestOf({ caller, action, tool, target: targetUri, args, policyVersion: '' }),
  };
}
