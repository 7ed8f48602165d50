/** Each hashes for 25 ms of a processor; whoever is signed in already is not to notice a crowd at the door. */
export const defaultSignInsPerSecond = 5;
