#!lua flags=no-writes
-- Proves one page of the conservation law: every job is in exactly one place, and everything that names a
-- job names a live one. All places of a job are checked in one call, so what moves meanwhile can't mislead.
-- Returns the cursor of the next page of this structure (empty: done), how many members were looked at,
-- then for each violation: the rule broken, the key it was seen in, the member.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4]
local stranded = KEYS[5]
local leases = KEYS[6]
local claims = KEYS[7]
local held = KEYS[8]
local scheduled = KEYS[9]
local dead = KEYS[10]
local errors = KEYS[11]
local progress = KEYS[12]
local results = KEYS[13]
local results_expiry = KEYS[14]
local waiters = KEYS[15]
local counts = KEYS[16]
local outbox = KEYS[17]
local checkpoints = KEYS[18]
local wake = KEYS[19]
--# include lib/run_keys.lua
--# include lib/tally_keys.lua
local structure = ARGV[1] -- a name above but `counts`, or `pending` or `totals`
local cursor = ARGV[2] -- empty: from the start
local limit = tonumber(ARGV[3]) -- members, 1 to 200
--# include lib/number.lua
--# include lib/pending.lua
--# include lib/audit_unique.lua
--# include lib/audit_job.lua
--# include lib/audit_claim.lua
--# include lib/audit_totals.lua
--# include lib/audit_members.lua
--# include lib/audit_outbox.lua
--# include lib/audit_line_page.lua

check_numbers(1, limit) limit = math.min(limit, 200)
local keys = { jobs = jobs, state = state, stream = stream, returned = returned, stranded = stranded, leases = leases,
  claims = claims, held = held, scheduled = scheduled, dead = dead, errors = errors, progress = progress,
  results = results, results_expiry = results_expiry, waiters = waiters, counts = counts, outbox = outbox, checkpoints = checkpoints,
  sums = sums }
for name, key in pairs(park) do keys[name] = key end
local reply = { '', 1 }
local function wrong(rule, key, member)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = rule, key, member
end

if structure == 'totals' then
  audit_totals(keys, wrong)
  return reply
end
if structure == 'outbox' then
  reply[1], reply[2] = audit_outbox(keys, cursor, limit, wrong)
  return reply
end
if line_rules[structure] then
  reply[1], reply[2] = audit_line(keys, structure, cursor, limit, wrong)
  return reply
end
local after, members = structure_page(keys, structure, cursor, limit)
reply[1], reply[2] = after, #members
for _, member in ipairs(members) do
  if structure == 'leases' or structure == 'claims' or structure == 'held' then
    audit_claim(keys, member, wrong)
  elseif structure == 'unique' or structure == 'heirs' then
    audit_key(keys, member, wrong)
  elseif structure == 'cancelling' then
    audit_cancelling(keys, member, wrong)
  elseif structure == 'results' or structure == 'results_expiry' then
    local both = redis.call('HEXISTS', results, member) == 1 and redis.call('ZSCORE', results_expiry, member)
    if not both then wrong('a kept outcome has a value and an end', keys[structure], member) end
  else
    audit_job(keys, member, keys[structure] or stream, wrong)
  end
end
return reply
