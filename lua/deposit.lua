#!lua
-- Keeps the outcome of a job that ran where it was called (eager mode) and was never enqueued, so that its id,
-- or the idempotency key that it was called with, finds it here; tells whoever waits.
-- Returns OK; ALREADY where a job of this id is or was here: nothing changed. Errors: SCHEMA.
local schema = KEYS[1]
local jobs = KEYS[2]
local results = KEYS[3]
local results_expiry = KEYS[4]
local waiters = KEYS[5]
local counts = KEYS[6]
local first_idem = 7 -- KEYS[7...]: the idempotency key, a string, if there is one
local id = ARGV[1]
local kind = ARGV[2] -- ok, none, unsendable, failed
local attempts = tonumber(ARGV[3])
local run_ms = tonumber(ARGV[4])
local task = ARGV[5]
local ttl_ms = tonumber(ARGV[6]) -- how long it is kept
local bytes = ARGV[7]
local results_cap = tonumber(ARGV[8])
local idem = ARGV[9] -- `<id> <digest of the arguments>`, what the key stands for

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/outcome.lua
--# include lib/notify.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ jobs, results, waiters, counts }, { results_expiry })
check_numbers(0, attempts, run_ms, results_cap)
check_numbers(1, ttl_ms)
if #KEYS > first_idem then error('one idempotency key at most expected') end
if KEYS[first_idem] then redis.call('GET', KEYS[first_idem]) end
if redis.call('HEXISTS', jobs, id) == 1 or redis.call('HEXISTS', results, id) == 1 then return 'ALREADY' end
local now = clock_ms()
local text = outcome_text(kind, whole(now), whole(attempts), whole(run_ms), task, bytes)
if new_queue then redis.call('SET', schema, '1') end
keep_outcomes(results, results_expiry, counts, { { id, text, ttl_ms } }, now, results_cap)
if KEYS[first_idem] then redis.call('SET', KEYS[first_idem], idem, 'PX', whole(ttl_ms)) end
notify(waiters, { id }, { text })
return 'OK'
