import type { Json, JsonObject } from '@keyturn/protocol';
import type { FieldFault } from '../../http/problem.ts';
import type { Action, ToolOfAction } from '../../http/rooms.ts';
import type { Catalogue } from './catalogue.ts';
import { argumentFaults, toolCall } from './toolbox.ts';

/** Which tool is meant by an id, for those who do not call it: the second room, and whoever asks people. */
export interface ToolLookup {
  /** The tool as policies see it; undefined where there is none. */
  readonly toolById: (id: string) => ToolOfAction | undefined;
  /** Whether it is known to change nothing. */
  readonly changesNothing: (id: string) => boolean;
  readonly checkArguments: (id: string, args: JsonObject) => readonly FieldFault[];
  /** The call as the rooms see it; undefined where there is no such tool. */
  readonly callOf: (id: string, args: Json) => Action | undefined;
}

/** `catalogue` gives undefined until there are tools: the rooms are built before them. */
export function lookUpTools(catalogue: () => Catalogue | undefined): ToolLookup {
  const entryOf = (id: string) => catalogue()?.byId(id);
  return {
    toolById: (id) => toolCall(entryOf(id), undefined).tool,
    changesNothing: (id) => entryOf(id)?.tool.hints.readOnly === true,
    checkArguments: (id, args) => argumentFaults(entryOf(id), args),
    callOf(id, args) {
      const entry = entryOf(id);
      return entry === undefined ? undefined : toolCall(entry, args);
    },
  };
}
