#!lua flags=no-writes
-- A page of the limiters that are in use: that hold jobs back, are held, or have running jobs. One may come twice,
-- as a gate and as slots or a rate.
-- Returns the cursor of the next page (empty: this was the last), the clock in us; then of each: id, slots taken,
-- what is published or set for it, its theoretical arrival time, until when it is held, when it is looked at (us;
-- "": not), classes that wait, jobs that wait in the first 20 of them, and the first of these (or of those that run).
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local cursor = ARGV[1] -- empty: the first page
local limit = tonumber(ARGV[2]) -- 1 to 200

--# include lib/clock.lua
--# include lib/number.lua
--# include lib/settings.lua
--# include lib/gate_walk.lua
--# include lib/limiter_row.lua

check_numbers(1, limit)
limit = math.min(limit, 200)
local phase, at = string.match(cursor == '' and 't' or cursor, '^(.)(.*)$')
local ids, after = {}, nil
if phase == 'z' then
  local from = tonumber(at)
  ids = redis.call('ZRANGE', rates, from, from + limit - 1)
  after = #ids == limit and 'z' .. from + limit or ''
else
  local found, last = walk_gates(phase == 't' and turns or slots, '', at, limit)
  ids, after = found, last and phase .. last or (phase == 't' and 's' or 'z0')
end
local reply = { after, whole(clock_us()) }
for _, id in ipairs(ids) do
  if string.find(id, '^h?[rco]') then limiter_row(park, reply, string.gsub(id, '^h', '')) end
end
return reply
