import {
  type IdpState,
  peekSingleUse,
  purposeOf,
  putSingleUse,
  type Realm,
  takeSingleUse,
  updateSingleUse,
} from '../../model/index.ts';
import type { CodeChallenge } from '../authorize/pkce.ts';

/** What a device asked for and how far its person is (RFC 8628). */
export interface DeviceRequest {
  readonly clientUuid: string;
  readonly scope: string;
  readonly nonce?: string;
  readonly codeChallenge?: CodeChallenge;
  /** Seconds between two polls. */
  readonly interval: number;
  readonly decision: 'pending' | 'approved' | 'denied';
  /** The session that approved. */
  readonly sessionId?: string;
}

const byUserCode = purposeOf<DeviceRequest>('user-code');
const byDeviceCode = purposeOf<{ readonly userCode: string; readonly lastPoll: number }>('device-code');

// No vowels, so no words; nothing that looks like something else. 20^8 codes (RFC 8628 §6.1).
const letters = 'BCDFGHJKLMNPQRSTVWXZ';

/** Stores a request under two codes: one for the device, one for its person. */
export function putDeviceRequest(
  state: IdpState,
  realm: Realm,
  lifetime: number,
  request: DeviceRequest,
): { readonly deviceCode: string; readonly userCode: string } {
  const deviceCode = Buffer.from(state.random(32)).toString('base64url');
  const userCode = newUserCode(state);
  const common = { realmId: realm.id, lifetime };
  putSingleUse(state, { ...common, purpose: byDeviceCode, id: deviceCode, body: { userCode, lastPoll: 0 } });
  putSingleUse(state, { ...common, purpose: byUserCode, id: userCode, body: request });
  return { deviceCode, userCode };
}

function newUserCode(state: IdpState): string {
  let code = '';
  while (code.length < 8) {
    for (const byte of state.random(16)) {
      // 240 is the largest multiple of 20 in a byte: beyond it some letters would be likelier than others.
      if (byte < 240 && code.length < 8) code += letters.charAt(byte % letters.length);
    }
  }
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** What a person typed, in the shape of a user code: case, blanks and dashes do not count. */
export function normalUserCode(text: string): string {
  const plain = text.toUpperCase().replace(/[^A-Z]/g, '');
  return `${plain.slice(0, 4)}-${plain.slice(4, 8)}`;
}

/** The request that a person's code stands for. */
export function findDeviceRequest(state: IdpState, realm: Realm, userCode: string): DeviceRequest | undefined {
  return peekSingleUse(state, realm.id, byUserCode, userCode)?.body;
}

/** Records what the person decided; the first decision stands. */
export function decideDeviceRequest(
  state: IdpState,
  realm: Realm,
  userCode: string,
  decision: Pick<DeviceRequest, 'decision' | 'sessionId'>,
): boolean {
  const stored = peekSingleUse(state, realm.id, byUserCode, userCode);
  if (stored === undefined || stored.body.decision !== 'pending') return false;
  updateSingleUse(state, stored, { ...stored.body, ...decision });
  return true;
}

export type Poll =
  | { readonly why: 'unknown' }
  | { readonly why: 'too-fast' }
  | { readonly why: 'found'; readonly request: DeviceRequest; readonly userCode: string };

/** One poll of a device: polls that come faster than the interval see nothing. */
export function pollDeviceRequest(state: IdpState, realm: Realm, deviceCode: string): Poll {
  const stored = peekSingleUse(state, realm.id, byDeviceCode, deviceCode);
  if (stored === undefined) return { why: 'unknown' };
  const { userCode, lastPoll: last } = stored.body;
  const request = findDeviceRequest(state, realm, userCode);
  if (request === undefined) return { why: 'unknown' };
  const now = state.now();
  if (last > 0 && now - last < request.interval) return { why: 'too-fast' };
  updateSingleUse(state, stored, { userCode, lastPoll: now });
  return { why: 'found', request, userCode };
}

/** Spends both codes; false if another poll did so first. */
export function spendDeviceRequest(state: IdpState, realm: Realm, deviceCode: string, userCode: string): boolean {
  takeSingleUse(state, realm.id, byUserCode, userCode);
  return takeSingleUse(state, realm.id, byDeviceCode, deviceCode) !== undefined;
}
