#!lua flags=allow-oom
-- Moves scheduled jobs that are due into the stream, the earliest first, at most `limit`.
-- Returns how many were moved, and in how many ms the next one is due (-1: none is scheduled).
local jobs = KEYS[1] -- hash, id -> record
local state = KEYS[2] -- hash, id -> state
local stream = KEYS[3]
local scheduled = KEYS[4] -- zset, id by due time
local wake = KEYS[5]
local counts = KEYS[6]
local unique = KEYS[7]
local heirs = KEYS[8]
local limit = tonumber(ARGV[1]) -- 1 to 200

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/vacate.lua

touch({ jobs, state, counts, unique, heirs }, { scheduled }, { wake }, stream)
check_numbers(1, limit)
local now = clock_ms()
local due = redis.call('ZRANGE', scheduled, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, math.min(limit, 200))
if #due > 0 then
  local states = redis.call('HMGET', state, unpack(due))
  local moved = {}
  for i, id in ipairs(due) do
    local _, attempt, crashes, _, reason = parse_state(states[i])
    local entry = redis.call('XADD', stream, '*', 'i', id)
    moved[2 * i - 1] = id
    moved[2 * i] = string.format('W %d %d %s %s', attempt or 0, crashes or 0, entry, reason or 'due')
  end
  redis.call('HSET', state, unpack(moved))
  redis.call('ZREM', scheduled, unpack(due))
  if redis.call('EXISTS', unique) == 1 then -- else nothing holds a key in one state and not in the next
    local marked = {}
    for i, id in ipairs(due) do marked[i] = { id = id, marked = true } end
    vacate({ jobs = jobs, state = state, stream = stream, scheduled = scheduled, counts = counts, wake = wake, unique = unique,
      heirs = heirs }, marked, 'w', now)
  end
  wake_one(wake)
end
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
return { #due, head[2] and math.max(0, tonumber(head[2]) - now) or -1 }
