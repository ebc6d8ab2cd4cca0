#!lua flags=no-writes
-- Where jobs stand in the line, and why.
-- Returns for each four texts: its gate (`*`: its turn has not come; a limiter; T and a task, L and a lane: paused;
-- "": it is not in the line), its place among those of its class from 1, in how many us its gate is looked at ("":
-- not before something happens), its class.
local state = KEYS[1]
local jobs = KEYS[2]
local stream = KEYS[3]
local wake = KEYS[4]
--# include lib/line_keys.lua
local first_item = 1 -- ARGV[1...]: ids

--# include lib/clock.lua
--# include lib/rest.lua
--# include lib/class.lua

local ids = rest_column(first_item, 1, 1)
local states, records = redis.call('HMGET', state, unpack(ids)), redis.call('HMGET', jobs, unpack(ids))
local now_us, reply = clock_us(), {}
for i, id in ipairs(ids) do
  local place, _, _, entry = parse_state(states[i])
  local _, where, task, options = parse_record(records[i] or '')
  local class = task and class_of(task, options) or ''
  entry = entry or where or ''
  local gate = string.byte(entry) == 38 and (not place or place == 'P')
    and string.match(redis.call('HGET', places, class) or '', '^[^%z]+') or ''
  local look = gate ~= '' and tonumber(redis.call('ZSCORE', gates, gate) or 'inf') or math.huge
  local at = #reply
  reply[at + 1], reply[at + 2] = gate, '0'
  if gate ~= '' then
    local member = class .. '\0' .. string.sub(entry, 2) .. ' ' .. id
    reply[at + 2] = whole(redis.call('ZLEXCOUNT', parked, '[' .. class .. '\0', '[' .. member))
  end
  reply[at + 3] = look < math.huge and whole(math.max(0, look - now_us)) or ''
  reply[at + 4] = class
end
return reply
