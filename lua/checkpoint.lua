#!lua
-- Keeps where running jobs can go on from, for their holder only, and renews their leases.
-- Returns a word per job: OK, LEASELOST (nothing changed).
local state = KEYS[1]
local leases = KEYS[2] -- zset, token by deadline
local checkpoints = KEYS[3] -- hash, id -> bytes
local lease_ms = tonumber(ARGV[1])
local first_item = 2 -- ARGV[2...]: id, token, bytes

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/holder.lua

touch({ state, checkpoints }, { leases })
check_numbers(1, lease_ms)
local words, values, renewed = {}, {}, {}
local deadline = whole(clock_ms() + lease_ms)
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
for i, job in ipairs(mine) do
  values[2 * i - 1], values[2 * i] = job.id, ARGV[first_item + 3 * job.n - 1]
  renewed[2 * i - 1], renewed[2 * i] = deadline, job.token
end
if #mine > 0 then
  redis.call('HSET', checkpoints, unpack(values))
  redis.call('ZADD', leases, 'XX', unpack(renewed))
end
return words
