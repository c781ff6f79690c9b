import type { IdpFault } from './idp.ts';
import { resolveSettings } from './resolve.ts';
import type { Settings } from './schema.ts';

/** What is wrong between settings that are each right by themselves: names of the issuer that disagree, parts missing. */
export function checkSettings(settings: Settings): readonly IdpFault[] {
  const resolved = resolveSettings(settings);
  return [...(resolved.ok ? [] : resolved.refusal), ...checkRequests(settings)];
}

/** Nobody is made an agent or a reviewer by leaving the lists empty. */
export function checkRequests({ requests, mail }: Settings): readonly IdpFault[] {
  if (requests === undefined) return [];
  const { agentSubjects, reviewerSubjects, agentRoles, reviewerRoles, subjectsFile } = requests;
  const faults: IdpFault[] = [];
  if (subjectsFile === undefined && agentSubjects.length === 0 && agentRoles.length === 0) {
    faults.push({
      path: 'requests.agentSubjects',
      message:
        'says who may ask: set requests.agentSubjects (--agent-subjects) or requests.agentRoles; without them nobody is an agent, and Keyturn does not make everybody one',
    });
  }
  if (subjectsFile === undefined && reviewerSubjects.length === 0 && reviewerRoles.length === 0) {
    faults.push({
      path: 'requests.reviewerSubjects',
      message:
        'says who may approve: set requests.reviewerSubjects (--reviewer-subjects) or requests.reviewerRoles; without them nobody is a reviewer, and Keyturn does not make everybody one',
    });
  }
  if (requests.mailTo.length > 0 && mail === undefined) {
    faults.push({ path: 'requests.mailTo', message: 'needs the section mail, which names the SMTP server' });
  }
  if (requests.webhookUrl !== undefined && requests.webhookSecret === undefined) {
    faults.push({ path: 'requests.webhookSecret', message: 'signs what requests.webhookUrl is told: set it too' });
  }
  return faults;
}
