#!lua flags=no-writes
-- What was counted of each task: now, and a page of what was in the minutes and hours before.
-- Returns the clock (ms), `tally`, `tallied` as names and values in turn (both empty where the page is not the first),
-- the cursor of the next page (empty: that was all), then kind (m or h) and msgpack list of each entry (lib/tally_turn.lua).
--# include lib/tally_keys.lua
local cursor = ARGV[1] -- from this entry of `history` on; a time in ms for the first page, `+` for no entries
local first = ARGV[2] -- 1: the first page
local limit = tonumber(ARGV[3]) -- entries, 1 to 200

--# include lib/clock.lua
--# include lib/number.lua

check_numbers(1, limit)
limit = math.min(limit, 200)
local reply = { clock_ms(), '', {}, '' }
if first == '1' then
  reply[2], reply[3] = redis.call('GET', tally) or '', redis.call('HGETALL', tallied)
end
if cursor == '+' then return reply end
local entries = redis.call('XRANGE', history, cursor, '+', 'COUNT', limit + 1)
for i, entry in ipairs(entries) do
  if i > limit then
    reply[4] = entry[1]
  else
    reply[#reply + 1], reply[#reply + 2] = entry[2][1], entry[2][2]
  end
end
return reply
