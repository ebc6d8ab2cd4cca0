#!lua flags=no-writes
-- What parked jobs wait for, and where they stand.
-- Returns the server's clock in us, 1 if the queue is paused, then four values for each job: its class (empty:
-- it isn't parked), the gate where that waits, the job's place among those of its class, from 1, and when the
-- gate is looked at next (us; inf: when something gets free; empty: not known).
local jobs = KEYS[1]
local state = KEYS[2]
local places = KEYS[3] -- hash, class -> gate\0order id
local gates = KEYS[4]
local parked = KEYS[5]
local limits = KEYS[6]
local first_item = 1 -- ARGV[1...]: ids

--# include lib/clock.lua
--# include lib/rest.lua
--# include lib/class.lua

local ids = rest_column(first_item, 1, 1)
local reply = { whole(clock_us()), redis.call('HEXISTS', limits, 'pause') }
local records, states = redis.call('HMGET', jobs, unpack(ids)), redis.call('HMGET', state, unpack(ids))
for i, id in ipairs(ids) do
  local at = #reply
  for value = 1, 4 do reply[at + value] = '' end
  local _, where, task, options = parse_record(records[i] or '')
  local place, _, _, entry = parse_state(states[i])
  local order = string.match(place == 'P' and entry or not place and where or '', '^&(.*)$')
  if order then
    local class = class_of(task, options)
    local gate = string.match(redis.call('HGET', places, class) or '', '^(%Z*)') or ''
    reply[at + 1], reply[at + 2] = class, gate
    reply[at + 3] = redis.call('ZLEXCOUNT', parked, '[' .. class .. '\0', '[' .. class .. '\0' .. order .. ' ' .. id)
    reply[at + 4] = redis.call('ZSCORE', gates, gate) or ''
  end
end
return reply
