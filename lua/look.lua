#!lua flags=no-writes
-- All that is known of some jobs, in one read.
-- Returns for each job nine values: outcome (expired ones count as gone), record, state, error, progress,
-- due time or time of death, claim text ("worker n id…"), lease deadline, and the server's clock in ms;
-- what there is not is an empty string.
local jobs = KEYS[1]
local state = KEYS[2]
local results = KEYS[3]
local results_expiry = KEYS[4]
local errors = KEYS[5]
local progress = KEYS[6]
local scheduled = KEYS[7]
local dead = KEYS[8]
local leases = KEYS[9]
local claims = KEYS[10]
local first_item = 1 -- ARGV[1...]: ids

--# include lib/clock.lua
--# include lib/rest.lua
--# include lib/state.lua

local ids = rest_column(first_item, 1, 1)
local now, reply = clock_ms(), {}
local columns = {}
for i, key in ipairs({ results, jobs, state, errors, progress }) do
  columns[i] = redis.call('HMGET', key, unpack(ids))
end
local ends = redis.call('ZMSCORE', results_expiry, unpack(ids))
local dues, deaths = redis.call('ZMSCORE', scheduled, unpack(ids)), redis.call('ZMSCORE', dead, unpack(ids))
for i in ipairs(ids) do
  local fresh = ends[i] and tonumber(ends[i]) > now
  local place, _, _, _, token = parse_state(columns[3][i])
  local claim = place == 'R' and redis.call('HGET', claims, token) or ''
  local deadline = place == 'R' and redis.call('ZSCORE', leases, token) or ''
  local at = #reply
  reply[at + 1] = fresh and columns[1][i] or ''
  for j = 2, 5 do reply[at + j] = columns[j][i] or '' end
  reply[at + 6] = dues[i] or deaths[i] or ''
  reply[at + 7] = claim
  reply[at + 8] = deadline
  reply[at + 9] = whole(now)
end
return reply
