import { defineScript } from '@redis/client';

/**
 * One decision, which Redis runs as a whole: every check passes and all are charged, or none is. A state is a string, `at` or
 * `at count count …` (11 of them), and ends by itself once it is whole again. The same sums as in stores/memory/judge.ts.
 *
 * ARGV: the time in microseconds (empty: that of the server), then of each key: window (1 or 0), unit, most, cost.
 * Answers of each key: remaining, wait, whole.
 */
const lua = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local whole = function(number) return string.format('%.0f', number) end
local allowed, answers, charged, states, ends = true, {}, {}, {}, {}
for i, key in ipairs(KEYS) do
  local place = (i - 1) * 4 + 2
  local window, unit, most, cost = ARGV[place] == '1', tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]), tonumber(ARGV[place + 3])
  local kept = {}
  for number in string.gmatch(redis.call('GET', key) or '', '%d+') do kept[#kept + 1] = tonumber(number) end
  local at, wait = kept[1] or 0, 0
  if not window then
    local full, latest = math.max(at, now), now + most * unit
    local nextAt = full + cost * unit
    wait = math.max(0, nextAt - latest)
    answers[i] = { math.max(0, math.floor((latest - full) / unit)), wait, full - now }
    charged[i] = { math.floor((latest - nextAt) / unit), 0, nextAt - now }
    states[i] = whole(nextAt)
  else
    local newest = math.max(at, math.floor(now / unit))
    local shift = newest - at
    local counts, total, youngest = {}, 0, nil
    for age = 0, 10 do
      local count = 0
      if age - shift >= 0 then count = kept[age - shift + 2] or 0 end
      counts[age] = count
      total = total + count
      if not youngest and count > 0 then youngest = age end
    end
    local over, age = total + cost - most, 10
    while over > 0 do
      over = over - counts[age]
      wait = (newest + 11 - age) * unit - now
      age = age - 1
    end
    local wholeUs = 0
    if youngest then wholeUs = (newest + 11 - youngest) * unit - now end
    answers[i] = { math.max(0, most - total), wait, wholeUs }
    charged[i] = { most - total - cost, 0, (newest + 11) * unit - now }
    counts[0] = counts[0] + cost
    local parts = { whole(newest) }
    for each = 0, 10 do parts[#parts + 1] = whole(counts[each]) end
    states[i] = table.concat(parts, ' ')
  end
  ends[i] = math.ceil(charged[i][3] / 1000)
  if wait > 0 then allowed = false end
end
if allowed then
  answers = charged
  for i, key in ipairs(KEYS) do redis.call('SET', key, states[i], 'PX', whole(ends[i])) end
end
local flat = {}
for _, answer in ipairs(answers) do for _, number in ipairs(answer) do flat[#flat + 1] = whole(number) end end
return flat
`;

export interface ScriptCheck {
  key: string;
  window: boolean;
  unitUs: number;
  most: number;
  cost: number;
}

export const take = defineScript({
  SCRIPT: lua,
  parseCommand(parser, checks: readonly ScriptCheck[], nowUs: number | null) {
    parser.push(String(checks.length));
    for (const { key } of checks) parser.pushKey(key);
    parser.push(nowUs === null ? '' : String(nowUs));
    for (const { window, unitUs, most, cost } of checks)
      parser.push(window ? '1' : '0', String(unitUs), String(most), String(cost));
  },
  transformReply: (reply: unknown) => (reply as string[]).map(Number),
});
