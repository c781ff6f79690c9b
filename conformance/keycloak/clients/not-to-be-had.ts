/** Why a client cannot be had here. */
export class NotToBeHad extends Error {}
