#!lua flags=no-writes
-- A page of the ids of the jobs in one place, in the order in which they go (the dead and the ended:
-- newest first). Costs O(page), however long the queue is.
-- Returns the cursor of the next page (empty: this was the last), then ids.
local stream = KEYS[1]
local returned = KEYS[2]
local stranded = KEYS[3]
local scheduled = KEYS[4]
local dead = KEYS[5]
local results_expiry = KEYS[6]
local leases = KEYS[7]
local claims = KEYS[8]
local state = KEYS[9]
local parked = KEYS[10]
local place = ARGV[1] -- waiting, scheduled, stranded, parked (by class), running, dead, ended
local cursor = ARGV[2] -- empty: the first page
local limit = tonumber(ARGV[3]) -- 1 to 200

--# include lib/number.lua
--# include lib/state.lua
--# include lib/pending.lua
--# include lib/pages.lua
--# include lib/pages_running.lua

check_numbers(1, limit)
limit = math.min(limit, 200)
if place == 'waiting' then return waiting_page(stream, returned, cursor, limit) end
if place == 'running' then return running_page(leases, claims, state, cursor, limit) end
local sets = { scheduled = scheduled, stranded = stranded, dead = dead, ended = results_expiry, parked = parked }
if not sets[place] then error('no such place') end
return set_page(sets[place], place == 'dead' or place == 'ended', cursor, limit)
