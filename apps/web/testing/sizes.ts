/** What each window may be. */
export const sizes = { desktop: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } } as const;
