#!lua flags=no-writes
-- What the keys of a limit have given, and what waits for them: those for which jobs wait or run.
-- Returns the cursor of the next page (empty: this was the last), the server's clock in us, then seven values
-- of each: id, running jobs, its rate's theoretical arrival time (us; 0: past), until when it is held (us; 0: it
-- isn't), classes that wait, jobs in the first 20 of them, when it is looked at next (us; empty: nobody waits).
local line = KEYS[1]
local slots = KEYS[2] -- zset, lex: limiter\0id
local rates = KEYS[3] -- zset, limiter by its theoretical arrival time
local gates = KEYS[4]
local parked = KEYS[5]
local limiter = ARGV[1] -- kind and name
local cursor = ARGV[2] -- empty: the first page
local limit = tonumber(ARGV[3]) -- ids of either kind, 1 to 100

--# include lib/clock.lua
--# include lib/number.lua
--# include lib/limiter_ids.lua

check_numbers(1, limit)
limit = math.min(limit, 100)
local waiting, next_waiting = limiter_ids(line, limiter, cursor, limit)
local taken, next_taken = limiter_ids(slots, limiter, cursor, limit)
local last = next_waiting ~= '' and next_waiting or next_taken -- the earlier end, as far as both are known
if next_taken ~= '' and next_taken < last then last = next_taken end
local ids, seen = {}, {}
for _, list in ipairs({ cursor == '' and { limiter } or {}, waiting, taken }) do
  for _, id in ipairs(list) do
    if not seen[id] and (last == '' or id <= last) then
      seen[id], ids[#ids + 1] = true, id
    end
  end
end
table.sort(ids)
local now_us = clock_us()
local reply = { last, whole(now_us) }
for _, id in ipairs(ids) do
  local tat, held = unpack(redis.call('ZMSCORE', rates, id, 'h' .. id))
  local look = redis.call('ZSCORE', gates, id)
  local classes = redis.call('ZRANGE', line, '[' .. id .. '\0', '(' .. id .. '\1', 'BYLEX', 'LIMIT', 0, 20)
  local jobs = 0
  for _, member in ipairs(classes) do
    local class = string.match(member, '^%Z+%z%Z*%z%Z+%z(.*)$')
    jobs = jobs + redis.call('ZLEXCOUNT', parked, '[' .. class .. '\0', '(' .. class .. '\1')
  end
  local at = #reply
  reply[at + 1], reply[at + 2] = id, redis.call('ZLEXCOUNT', slots, '[' .. id .. '\0', '(' .. id .. '\1')
  reply[at + 3], reply[at + 4] = tat or '0', held or '0'
  reply[at + 5] = redis.call('ZLEXCOUNT', line, '[' .. id .. '\0', '(' .. id .. '\1')
  reply[at + 6], reply[at + 7] = jobs, look or ''
end
return reply
