#!lua flags=no-writes
-- A page of what was published and set: limits, weights, pauses.
-- Returns the cursor of the next page (empty: this was the last), then fields and texts in turn.
local limits = KEYS[1]
local cursor = ARGV[1] -- empty: the first page
local limit = tonumber(ARGV[2]) -- about so many, 1 to 200

--# include lib/number.lua

check_numbers(1, limit)
local read = redis.call('HSCAN', limits, cursor == '' and '0' or cursor, 'COUNT', math.min(limit, 200))
local reply = { read[1] == '0' and '' or read[1] }
for _, text in ipairs(read[2]) do reply[#reply + 1] = text end
return reply
