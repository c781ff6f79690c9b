import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { webOriginsOf } from '../../claims/other-mappers.ts';
import { queryOf } from '../../http/form.ts';
import { type Client, findClient } from '../../model/index.ts';
import { Html, html } from '../pages/html.ts';
import type { Visit } from '../visit.ts';

// These documents are no pages: applications load them into hidden frames and talk to their scripts (OpenID Connect
// Session Management 1.0 §3). They show nothing, know nothing, and may therefore be framed by anybody.

// Compares what the application knows of its session with this browser's KEYCLOAK_SESSION cookie, which is a hash.
const statusScript = `(()=>{
const cookie=(name)=>document.cookie.split(';').map((it)=>it.trim()).find((it)=>it.startsWith(name+'='))?.slice(name.length+1);
const hash=async(text)=>btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256',new TextEncoder().encode(text))))).replaceAll('+','-').replaceAll('/','_').replaceAll('=','');
const known=new Map();
const allowed=async(client,origin)=>{
const key=client+' '+origin;
if(!known.has(key)){const query=new URLSearchParams({client_id:client,origin});known.set(key,(await fetch('login-status-iframe.html/init?'+query)).status===204);}
return known.get(key);
};
addEventListener('message',async(event)=>{
if(typeof event.data!=='string'||event.source===null)return;
const at=event.data.lastIndexOf(' ');
const client=event.data.slice(0,at),session=event.data.slice(at+1);
let answer='error';
try{
if(at>0&&await allowed(client,event.origin)){
const now=cookie('KEYCLOAK_SESSION');
answer=session===''?(now===undefined?'unchanged':'changed'):(now!==undefined&&now===await hash(session)?'unchanged':'changed');
}
}catch{}
event.source.postMessage(answer,event.origin);
});
})();`;

// Whether this browser lets a framed document of this server keep a cookie at all.
const cookieScript = `(()=>{
document.cookie='KEYCLOAK_3P_COOKIE=supported;SameSite=None;Secure;Max-Age=60';
const kept=document.cookie.includes('KEYCLOAK_3P_COOKIE=supported');
document.cookie='KEYCLOAK_3P_COOKIE=;SameSite=None;Secure;Max-Age=0';
parent.postMessage(kept?'supported':'unsupported','*');
})();`;

/** `login-status-iframe.html`: tells an application when the session of this browser has changed. */
export function statusIframe(visit: Visit): FastifyReply {
  return sendFrame(visit.reply, statusScript);
}

/** `login-status-iframe.html/init`: 204 if this origin may ask about this client's sessions. */
export function statusIframeInit(visit: Visit): FastifyReply {
  const query = queryOf(visit.request);
  const client = findClient(visit.context.state, visit.realm.id, query.get('client_id') ?? '');
  const allowed = client?.enabled === true && originsOf(visit, client).includes(query.get('origin') ?? '');
  return visit.reply
    .code(allowed ? 204 : 403)
    .header('cache-control', 'no-store')
    .send();
}

/** `3p-cookies/step1.html`: what keycloak-js loads first. */
export function cookieCheckIframe(visit: Visit): FastifyReply {
  return sendFrame(visit.reply, cookieScript);
}

function originsOf(visit: Visit, client: Client): readonly string[] {
  return [...webOriginsOf(client), new URL(visit.base).origin];
}

function sendFrame(reply: FastifyReply, script: string): FastifyReply {
  const hash = createHash('sha256').update(script).digest('base64');
  const body = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Session check</title></head><body>${new Html(`<script>${script}</script>`)}</body></html>`;
  return reply
    .code(200)
    .header('content-type', 'text/html;charset=utf-8')
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header(
      'content-security-policy',
      `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; base-uri 'none'; frame-ancestors *`,
    )
    .send(body.toString());
}
