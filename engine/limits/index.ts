export { type Limit, parseLimit, slidingWindow, tokenBucket, widened } from './limit.ts';
export { type Ask, createLimiter, type Limiter, type LimiterOptions, type Verdict } from './limiter.ts';
export type { Check, LimitStore, Standing } from './store.ts';
export { memoryLimits } from './stores/memory/index.ts';
