#!lua
-- Keeps the latest progress of running jobs, for their holder only.
-- Returns a word per job: OK, LEASELOST (nothing changed).
local state = KEYS[1]
local progress = KEYS[2] -- hash, id -> bytes
local first_item = 1 -- ARGV[1...]: id, token, bytes

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/state.lua
--# include lib/holder.lua

touch({ state, progress }, {})
local words, values = {}, {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
for _, job in ipairs(mine) do
  values[#values + 1] = job.id
  values[#values + 1] = ARGV[first_item + 3 * job.n - 1]
end
if #values > 0 then redis.call('HSET', progress, unpack(values)) end
return words
