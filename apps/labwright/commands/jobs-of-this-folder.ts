import { deviceDatabaseOf } from '../databases.ts';
import { readUpSettings } from '../settings.ts';

/** The jobs of the laboratory that runs here, where nobody names others. */
export const jobsOfThisFolder = { defaultDatabase: () => deviceDatabaseOf(readUpSettings()) };
