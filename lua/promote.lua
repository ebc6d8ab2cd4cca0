#!lua flags=allow-oom
-- Moves scheduled jobs that are due into the stream or the line, the earliest first, at most `limit`.
-- Returns how many were moved, and in how many ms the next one is due (-1: none is scheduled).
local jobs = KEYS[1] -- hash, id -> record
local state = KEYS[2] -- hash, id -> state
local stream = KEYS[3]
local scheduled = KEYS[4] -- zset, id by due time
local wake = KEYS[5]
--# include lib/line_keys.lua
local limit = tonumber(ARGV[1]) -- 1 to 200

--# include lib/number.lua
--# include lib/vacate.lua
--# include lib/place.lua

touch({ jobs, state }, { scheduled }, { wake }, stream)
touch_line()
check_numbers(1, limit)
local now, now_us = clock_both()
local due = redis.call('ZRANGE', scheduled, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, math.min(limit, 200))
if #due > 0 then
  local states, records = redis.call('HMGET', state, unpack(due)), redis.call('HMGET', jobs, unpack(due))
  local moved, going, occupying = {}, {}, {}
  for i, id in ipairs(due) do
    local _, attempt, crashes, _, reason, place = parse_state(states[i])
    local _, _, task, options = parse_record(records[i] or '')
    going[i] = { id = id, task = task or '?', options = options or '-', attempt = attempt or 0, crashes = crashes or 0,
      reason = reason or 'due', order = string.match(place or '', '^&(.*)$') }
    if going[i].order then occupying[#occupying + 1] = { id = id, entry = place, marked = true } end
  end
  vacate(park, occupying, false, now_us) -- an ordered lane that they held
  place_jobs(park, going, now_us)
  for i, job in ipairs(going) do
    moved[2 * i - 1] = job.id
    moved[2 * i] = string.format('%s %d %d %s %s', job.class and 'P' or 'W', job.attempt, job.crashes, job.entry, job.reason)
  end
  redis.call('HSET', state, unpack(moved))
  redis.call('ZREM', scheduled, unpack(due))
  wake_one(wake)
end
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
return { #due, head[2] and math.max(0, tonumber(head[2]) - now) or -1 }
