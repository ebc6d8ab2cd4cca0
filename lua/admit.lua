#!lua
-- As enqueue, for calls of which some have a unique key, and for queues that have a budget: those with a
-- key that is held make no job, or change the one that has it.
-- Returns a word per job: as enqueue, and of its key's holder `EXISTS id` (nothing changed), `REPLACED id`
-- (it is this call now), `TAKEN id` (refused); or, nothing changed, GAP as enqueue, or `FULL`, budget (jobs or
-- bytes), how much there is, how much may be, how much this call adds. Errors: SCHEMA; a malformed call.
local schema = KEYS[1]
local jobs = KEYS[2]
local stream = KEYS[3]
local scheduled = KEYS[4]
local counts = KEYS[5]
local wake = KEYS[6]
local state = KEYS[7]
local errors = KEYS[8]
local returned = KEYS[9]
local stranded = KEYS[10]
local dead = KEYS[11]
local checkpoints = KEYS[12]
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local producer = KEYS[+]
local first_idem = 0 -- KEYS[+...]: idempotency keys, strings
local counter = ARGV[1]
local producer_ttl_ms = ARGV[2]
local budget = ARGV[3] -- "-", or "<most jobs> <most bytes>", either may be empty
local first_item = 4 -- ARGV[4...]: id, due, expires, idem, task, opts, body, as enqueue

--# include lib/clock.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/state.lua
--# include lib/count.lua
--# include lib/entries.lua
--# include lib/producer.lua
--# include lib/fresh.lua
--# include lib/accept.lua
--# include lib/vacate.lua
--# include lib/unique_call.lua
--# include lib/budget.lua
--# include lib/unify.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ counts, state, errors, checkpoints }, { returned, stranded, dead, scheduled }, {}, stream)
touch_line()
check_numbers(1, tonumber(counter), tonumber(producer_ttl_ms))
local ids = rest_column(first_item, 7, 1)
local last = redis.call('GET', producer)
local which = which_call(last, counter, ids)
if which == 'gap' then return { 'GAP' } end
local words, fresh, keyed = sort_out(jobs, ids, first_item, first_idem, which == 'repeat')
if which == 'repeat' then -- a write, as in enqueue
  redis.call('SET', producer, last, 'PX', producer_ttl_ms)
  return said_before(last, words)
end
local values = { unpack(ARGV, first_item) } -- ARGV can't be changed
check_unique(values, 1, fresh)
local keys = { jobs = jobs, stream = stream, scheduled = scheduled, counts = counts, wake = wake, state = state,
  errors = errors, returned = returned, stranded = stranded, dead = dead, checkpoints = checkpoints,
  unique = unique, heirs = heirs, park = park, pumped = pumped, sums = sums }
local full = over_budget(keys, budget, values, 1, fresh)
if full then return full end
local now = clock_ms()
local times = read_times(keys, values, 1, fresh, now)

if new_queue then redis.call('SET', schema, '1') end
unify(keys, values, 1, fresh, times, words, now)
same_jobs(ids, words, fresh)
for _, n in ipairs(fresh) do
  local id = words[n] == 'OK' and ids[n] or string.match(words[n], '^[ER]%u+ (%S+)$')
  if keyed[n] and id then redis.call('SET', keyed[n][1], id .. string.match(keyed[n][2], ' %S+$'), 'PX', keyed[n][3]) end
end
redis.call('SET', producer, counter .. ' ' .. ids[1] .. ' ' .. #ids .. what_was_said(words), 'PX', producer_ttl_ms)
return words
