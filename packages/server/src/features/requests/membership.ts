/** Who is an agent, who a reviewer, and whose things are whose: all of it may change while the service runs. */
export interface Membership {
  readonly agentSubjects: readonly string[];
  readonly reviewerSubjects: readonly string[];
  readonly agentRoles: readonly string[];
  readonly reviewerRoles: readonly string[];
  /** The claim that subject lists are written in. */
  readonly identityClaim: string;
  /** Clients and the people who own them; neither may approve what the other asks. */
  readonly clientOwners: Readonly<Record<string, readonly string[]>>;
  /** Ids of personal access tokens and of clients that may approve although several may hold them. */
  readonly sharedApprovers: readonly string[];
}
