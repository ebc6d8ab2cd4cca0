#!lua
-- Accepts jobs: each is in one place afterwards, the stream or `scheduled`. A full server refuses first.
-- Returns `OK*n` for n new jobs; else a word each: OK, ALREADY (this call did it before), `EXISTS id`
-- (the idempotency key's first job), `CONFLICT id` (that key with other arguments); or the one word
-- GAP: this producer's last call here is not the one before this, nothing changed. Errors: SCHEMA.
local schema = KEYS[1] -- string
local jobs = KEYS[2] -- hash, id -> record
local stream = KEYS[3] -- stream of entries {i: id}
local scheduled = KEYS[4] -- zset, id by due time
local counts = KEYS[5] -- hash
local wake = KEYS[6] -- list, at most one marker
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local producer = KEYS[+] -- string, this producer's last call
local first_idem = 0 -- KEYS[+...]: idempotency keys, strings
local counter = ARGV[1] -- number of this producer's call
local producer_ttl_ms = ARGV[2]
local first_item = 3 -- ARGV[3...]: id, due, expires, idem, task, opts, body
-- as lib/accept.lua says; idem: "-" or "<index in idempotency keys> <ttl ms> <digest of the arguments>"

--# include lib/plain.lua
local plainly = accept_plain(schema, jobs, stream, counts, wake, producer, sums, first_item)
if plainly then return plainly end
--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/count.lua
--# include lib/producer.lua
--# include lib/fresh.lua
--# include lib/accept.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ counts }, {}, {}, stream) -- the others are read below, before the first write
check_numbers(1, tonumber(counter), tonumber(producer_ttl_ms))
local ids = rest_column(first_item, 7, 1)
local last = redis.call('GET', producer)
local which = which_call(last, counter, ids)
if which == 'gap' then return { 'GAP' } end
local words, fresh, keyed = sort_out(jobs, ids, first_item, first_idem, which == 'repeat')
if which == 'repeat' then -- a write, or WAIT and WAITAOF behind it on a new connection wait for nothing
  redis.call('SET', producer, last, 'PX', producer_ttl_ms)
  return words
end
local keys = { jobs = jobs, stream = stream, scheduled = scheduled, counts = counts, wake = wake, park = park,
  sums = sums }
local times = read_times(keys, ARGV, first_item, fresh)

if new_queue then redis.call('SET', schema, '1') end
redis.call('SET', producer, counter .. ' ' .. ids[1] .. ' ' .. #ids, 'PX', producer_ttl_ms)
accept_jobs(keys, ARGV, first_item, fresh, times)
for _, n in ipairs(fresh) do
  if keyed[n] then redis.call('SET', keyed[n][1], keyed[n][2], 'PX', keyed[n][3]) end
end
return #fresh == #ids and 'OK*' .. #ids or words
