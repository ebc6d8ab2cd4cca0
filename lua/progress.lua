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
for _, job in ipairs(holders(state, rest_items(first_item, 3), words)) do
  values[#values + 1] = job.id
  values[#values + 1] = job.item[3]
end
if #values > 0 then redis.call('HSET', progress, unpack(values)) end
return words
