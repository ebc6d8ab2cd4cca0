#!lua
-- Keeps the latest progress of running jobs, for their holder only, and tells it who waits: where the job ends next,
-- it stands nowhere else any more.
-- Returns a word per job: OK, LEASELOST (nothing changed).
local state = KEYS[1]
local progress = KEYS[2] -- hash, id -> bytes
local waiters = KEYS[3]
local first_item = 1 -- ARGV[1...]: id, token, bytes

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/notify.lua
--# include lib/write_all.lua

touch({ state, progress, waiters }, {})
local words, values, ids, news = {}, {}, {}, {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
for i, job in ipairs(mine) do
  local bytes = ARGV[first_item + 3 * job.n - 1]
  ids[i], values[2 * i - 1], values[2 * i], news[i] = job.id, job.id, bytes, '!' .. bytes
end
write_all('HSET', progress, values)
tell(waiters, ids, news)
return words
