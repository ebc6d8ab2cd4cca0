#!lua flags=no-writes
-- A page of the ids of jobs that have not ended: of one task or of any, with these bytes in their record or any. In no
-- order; a job that is there all the while is on some page, perhaps on two.
-- Returns the cursor of the next page (empty: this was the last), how many records were looked at, then ids.
local jobs = KEYS[1]
local state = KEYS[2]
local cursor = ARGV[1] -- empty: from the start
local limit = tonumber(ARGV[2]) -- records, about: 1 to 200
local task = ARGV[3] -- empty: any
local part = ARGV[4] -- what stands somewhere behind the record's head; empty: anything

--# include lib/number.lua
--# include lib/state.lua

check_numbers(1, limit)
local read = redis.call('HSCAN', jobs, cursor == '' and '0' or cursor, 'COUNT', math.min(limit, 200))
local found, reply = {}, { read[1] == '0' and '' or read[1], #read[2] / 2 }
for i = 1, #read[2], 2 do
  local record = read[2][i + 1]
  local its_task = select(3, parse_record(record))
  local body = string.find(record, '\n')
  if (task == '' or its_task == task) and (part == '' or string.find(record, part, body, true)) then
    found[#found + 1] = read[2][i]
  end
end
local states = #found > 0 and redis.call('HMGET', state, unpack(found)) or {}
for i, id in ipairs(found) do
  if string.sub(states[i] or '', 1, 2) ~= 'D ' then reply[#reply + 1] = id end
end
return reply
