/** Milliseconds between two looks: figures of jobs are not told live, and workers write them down each ten seconds. */
export const lookAgainMs = 5_000;
