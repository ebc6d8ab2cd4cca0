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
local items = rest_items(first_item, 7)
local now = clock_ms()

local function at(spec)
  local ms = tonumber(string.sub(spec, 2))
  return string.sub(spec, 1, 1) == '+' and now + ms or ms
end

local last = redis.call('GET', producer)
local repeated = false
if last then
  local number, first_id, size = string.match(last, '^(%d+) (%S+) (%d+)$')
  repeated = number == counter and first_id == items[1][1] and tonumber(size) == #items
  if not repeated and tonumber(counter) ~= tonumber(number) + 1 then return { 'GAP' } end
end

-- Checks: which jobs are new?
local words, fresh, claimed_keys = {}, {}, {}
local known = redis.call('HMGET', jobs, unpack(column(items, 1)))
local seen = {}
for i, item in ipairs(items) do
  local key, ttl_ms, digest, first
  if item[4] ~= '-' then
    local index
    index, ttl_ms, digest = string.match(item[4], '^(%d+) (%d+) (%S+)$')
    key = KEYS[first_idem + index - 1]
    first = claimed_keys[key] or redis.call('GET', key)
  end
  local first_id, first_digest = string.match(first or '', '^(%S+) (%S+)$')
  if first_id and first_id ~= item[1] then
    words[i] = (first_digest == digest and 'EXISTS ' or 'CONFLICT ') .. first_id
  elseif repeated or first_id or known[i] or seen[item[1]] then
    words[i] = 'ALREADY'
  else
    words[i], seen[item[1]] = 'OK', true
    if key then claimed_keys[key] = item[1] .. ' ' .. digest end
    fresh[#fresh + 1] = { item = item, key = key, ttl_ms = ttl_ms }
  end
end
if repeated then return words end

-- Writes.
if new_queue then redis.call('SET', schema, '1') end
redis.call('SET', producer, counter .. ' ' .. items[1][1] .. ' ' .. #items, 'PX', producer_ttl_ms)
local records, earlier, ready = {}, false, false
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
local head_due = tonumber(head[2]) or math.huge
for i, new in ipairs(fresh) do
  local id, due, expires, task, opts, body = new.item[1], new.item[2], new.item[3], new.item[5], new.item[6], new.item[7]
  local where, flag = nil, '.'
  if due == '0' then
    where = redis.call('XADD', stream, '*', 'i', id)
    ready = true
  else
    where = '@' .. whole(at(due))
    earlier = earlier or at(due) < head_due
    redis.call('ZADD', scheduled, whole(at(due)), id)
  end
  if expires ~= '-' then
    flag = 'x'
    opts = (opts == '-' and '' or opts .. ',') .. 'x=' .. whole(at(expires))
  end
  records[2 * i - 1] = id
  records[2 * i] = flag .. where .. ' ' .. task .. ' ' .. opts .. '\n' .. body
  if new.key then redis.call('SET', new.key, claimed_keys[new.key], 'PX', new.ttl_ms) end
end
if #fresh > 0 then
  redis.call('HSET', jobs, unpack(records))
  count(counts, 'enqueued', #fresh)
end
if ready or earlier then wake_one(wake) end
return words
