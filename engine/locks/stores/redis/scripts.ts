import { defineScript } from '@redis/client';

/*
 * Each script runs as a whole. Keys of a lock `k`:
 *   labwright:lock:{k}        string `holder token`, ends with the lease (PX)
 *   labwright:lock-line:{k}   sorted set of holders by place
 *   labwright:lock-alive:{k}  hash holder → milliseconds until which it is alive
 * and one counter each for tokens and places.
 */

const prelude = `
local lock, line, alive = 'labwright:lock:{' .. KEYS[1] .. '}', 'labwright:lock-line:{' .. KEYS[1] .. '}', 'labwright:lock-alive:{' .. KEYS[1] .. '}'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function first()
  while true do
    local holder = redis.call('ZRANGE', line, 0, 0)[1]
    if not holder then return nil end
    if tonumber(redis.call('HGET', alive, holder) or 0) > now then return holder end
    redis.call('ZREM', line, holder)
    redis.call('HDEL', alive, holder)
  end
end
local function forget(holder)
  redis.call('ZREM', line, holder)
  redis.call('HDEL', alive, holder)
end
local function wakeNext()
  local holder = first()
  if holder then redis.call('PUBLISH', 'labwright:locks', holder) end
end
`;

/** [token, milliseconds until the lease ends]; -1 stands for nothing. */
export const take = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `${prelude}
local holder, ttl, kept = ARGV[1], ARGV[2], tonumber(ARGV[3])
local head = first()
if (not head or head == holder) and redis.call('EXISTS', lock) == 0 then
  local token = redis.call('INCR', 'labwright:lock-tokens')
  redis.call('SET', lock, holder .. ' ' .. token, 'NX', 'PX', ttl)
  forget(holder)
  return { token, -1 }
end
if kept > 0 then
  if not redis.call('ZSCORE', line, holder) then
    redis.call('ZADD', line, redis.call('INCR', 'labwright:lock-places'), holder)
  end
  redis.call('HSET', alive, holder, now + kept)
  redis.call('PEXPIRE', line, kept * 2)
  redis.call('PEXPIRE', alive, kept * 2)
end
head = first()
if not head or head == holder then return { -1, redis.call('PTTL', lock) } end
return { -1, -1 }`,
  parseCommand(parser, key: string, holder: string, ttlMs: number, keptMs: number) {
    parser.pushKey(key);
    parser.push(holder, String(Math.ceil(ttlMs)), String(keptMs));
  },
  transformReply: (reply: unknown) => reply as [number, number],
});

/** 1 where it is still ours. */
export const renew = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `${prelude}
if redis.call('GET', lock) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
return redis.call('PEXPIRE', lock, ARGV[3])`,
  parseCommand(parser, key: string, holder: string, token: number, ttlMs: number) {
    parser.pushKey(key);
    parser.push(holder, String(token), String(Math.ceil(ttlMs)));
  },
  transformReply: (reply: unknown) => reply as number,
});

/** 1 where it was still ours. */
export const release = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `${prelude}
if redis.call('GET', lock) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
redis.call('DEL', lock)
wakeNext()
return 1`,
  parseCommand(parser, key: string, holder: string, token: number) {
    parser.pushKey(key);
    parser.push(holder, String(token));
  },
  transformReply: (reply: unknown) => reply as number,
});

export const leave = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `${prelude}
forget(ARGV[1])
local held = redis.call('GET', lock)
if held and string.sub(held, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  redis.call('DEL', lock)
  held = false
end
if not held then wakeNext() end
return 1`,
  parseCommand(parser, key: string, holder: string) {
    parser.pushKey(key);
    parser.push(holder);
  },
  transformReply: (reply: unknown) => reply as number,
});
