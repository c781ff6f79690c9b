import type { JsonObject } from '@keyturn/protocol';
import type { Action } from '../../http/rooms.ts';
import { type Evaluation, objectOf } from './request.ts';

/** The call of a tool as the rooms see it; undefined where there is no such tool. */
export type ToolCallOf = (id: string, args: JsonObject) => Action | undefined;

/**
 * What is asked for, in the words of the rooms. A resource of the type `tool` is a tool, whose arguments are
 * `context.arguments`; one of the type `permission` is a permission of a role (`content.publish`, or
 * `content.publish@page:7`); every other is a target that an agent asks leave for, as in `POST /agent-requests`.
 */
export function actionOf({ action, resource, context = {} }: Evaluation, toolCall: ToolCallOf): Action | undefined {
  switch (resource.type) {
    case 'tool':
      return toolCall(resource.id, objectOf(context['arguments']) ?? {});
    case 'permission':
      return { kind: 'permission.use', needsPermission: resource.id };
    default:
      return {
        kind: 'request.execute',
        targetUri: resource.id,
        spec: {
          action: action.name,
          target: { ...resource.properties, uri: resource.id, resourceType: resource.type },
          targetURI: resource.id,
          ...(action.properties === undefined ? {} : { parameters: action.properties }),
          ...(typeof context['reason'] === 'string' ? { reason: context['reason'] } : {}),
        },
      };
  }
}
