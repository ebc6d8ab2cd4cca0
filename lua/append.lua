#!lua
-- Appends to the trails of running jobs, what they log or emit, for their holder only, and tells who waits.
-- Returns a word per job: OK (also where an earlier try of this call did it), LEASELOST (nothing changed).
local state = KEYS[1]
local waiters = KEYS[2]
local first_trail = 3 -- KEYS[3...]: a trail per item, stream of entries {t: run, n: number, b: bytes}
local most = tonumber(ARGV[1]) -- entries that a trail keeps, the newest ones
local first_item = 2 -- ARGV[2...]: id, token, number of the first entry, keep_ms, entries
-- number: from 1 and rising under one token; keep_ms: until the trail goes; entries: msgpack, 0 to 200 texts

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/notify.lua
--# include lib/trail.lua

touch({ state, waiters }, {})
for i = first_trail, #KEYS do redis.call('XLEN', KEYS[i]) end
check_numbers(1, most)
local words, added = {}, {}
local ids, tokens = rest_column(first_item, 5, 1), rest_column(first_item, 5, 2)
if #KEYS ~= first_trail + #ids - 1 then error('a trail for each item expected') end
for n in ipairs(ids) do check_numbers(1, tonumber(ARGV[first_item + 5 * n - 3]), tonumber(ARGV[first_item + 5 * n - 2])) end
local entries = read_entries(rest_column(first_item, 5, 5))
for _, job in ipairs(holders(state, ids, tokens, words)) do
  local at = first_item + 5 * (job.n - 1)
  extend_trail(KEYS[first_trail + job.n - 1], job.token, tonumber(ARGV[at + 2]), entries[job.n], most, ARGV[at + 3])
  added[#added + 1] = job.id
end
tell(waiters, added, {})
return words
