#!lua
-- Accepts jobs: each is in exactly one place afterwards, the stream or `scheduled`. No `allow-oom`:
-- a full server refuses before any write.
-- Returns a word per job: OK, ALREADY (this call did it before), `EXISTS id` (the idempotency key's
-- first job), `CONFLICT id` (that key with other arguments); or the one word GAP: this producer's
-- last call isn't known here, nothing changed.
-- Errors: SCHEMA; a malformed call.
local schema = KEYS[1] -- string
local jobs = KEYS[2] -- hash, id -> record
local stream = KEYS[3] -- stream of entries {i: id}
local scheduled = KEYS[4] -- zset, id by due time
local counts = KEYS[5] -- hash
local wake = KEYS[6] -- list, at most one marker
local producer = KEYS[7] -- string, this producer's last call
local first_idem = 8 -- KEYS[8...]: idempotency keys, strings
local counter = ARGV[1] -- number of this producer's call
local producer_ttl_ms = ARGV[2]
local first_item = 3 -- ARGV[3...]: id, due, expires, idem, task, opts, body
-- due: "0" now, "+ms" from now, "@ms" at; expires: "-", "+ms", "@ms";
-- idem: "-" or "<index in idempotency keys> <ttl ms> <digest of the arguments>"

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/schema.lua
--# include lib/count.lua
--# include lib/wake.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ jobs, counts }, { scheduled }, { wake })
redis.call('XLEN', stream)
local ids = rest_column(first_item, 7, 1)
local now = clock_ms()

local function at(spec)
  local ms = tonumber(string.sub(spec, 2))
  return string.sub(spec, 1, 1) == '+' and now + ms or ms
end

local last = redis.call('GET', producer)
local repeated = false
if last then
  local number, first_id, size = string.match(last, '^(%d+) (%S+) (%d+)$')
  repeated = number == counter and first_id == ids[1] and tonumber(size) == #ids
  if not repeated and tonumber(counter) ~= tonumber(number) + 1 then return { 'GAP' } end
end

-- Checks: which jobs are new?
local words, fresh, keyed, firsts = {}, {}, {}, {}
local known = redis.call('HMGET', jobs, unpack(ids))
local seen = {}
for n, id in ipairs(ids) do
  local idem = ARGV[first_item + 7 * n - 4]
  local key, ttl_ms, digest, first_id, first_digest
  if idem ~= '-' then
    local index
    index, ttl_ms, digest = string.match(idem, '^(%d+) (%d+) (%S+)$')
    key = KEYS[first_idem + index - 1]
    first_id, first_digest = string.match(firsts[key] or redis.call('GET', key) or '', '^(%S+) (%S+)$')
  end
  if first_id and first_id ~= id then
    words[n] = (first_digest == digest and 'EXISTS ' or 'CONFLICT ') .. first_id
  elseif repeated or first_id or known[n] or seen[id] then
    words[n] = 'ALREADY'
  else
    words[n], seen[id] = 'OK', true
    fresh[#fresh + 1] = n
    if key then
      firsts[key] = id .. ' ' .. digest
      keyed[n] = { key, ttl_ms }
    end
  end
end
if repeated then return words end

-- Writes.
if new_queue then redis.call('SET', schema, '1') end
redis.call('SET', producer, counter .. ' ' .. ids[1] .. ' ' .. #ids, 'PX', producer_ttl_ms)
local records, earlier, ready = {}, false, false
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
local head_due = tonumber(head[2]) or math.huge
for i, n in ipairs(fresh) do
  local item = first_item + 7 * (n - 1)
  local due, expires, opts = ARGV[item + 1], ARGV[item + 2], ARGV[item + 5]
  local where, flag = nil, '.'
  if due == '0' then
    where = redis.call('XADD', stream, '*', 'i', ids[n])
    ready = true
  else
    where = '@' .. whole(at(due))
    earlier = earlier or at(due) < head_due
    redis.call('ZADD', scheduled, whole(at(due)), ids[n])
  end
  if expires ~= '-' then
    flag = 'x'
    opts = (opts == '-' and '' or opts .. ',') .. 'x=' .. whole(at(expires))
  end
  records[2 * i - 1] = ids[n]
  records[2 * i] = flag .. where .. ' ' .. ARGV[item + 4] .. ' ' .. opts .. '\n' .. ARGV[item + 6]
  if keyed[n] then redis.call('SET', keyed[n][1], firsts[keyed[n][1]], 'PX', keyed[n][2]) end
end
if #fresh > 0 then
  redis.call('HSET', jobs, unpack(records))
  count(counts, 'enqueued', #fresh)
end
if ready or earlier then wake_one(wake) end
return words
