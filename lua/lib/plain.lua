--# include lib/tally_one.lua
-- One job that may run now, with no expiry, idempotency key or options, in its producer's turn: what most calls
-- bring, in as few commands as it takes. Anything else: nil, nothing changed.
local function accept_plain(schema, jobs, stream, counts, wake, producer, sums, first)
  if #ARGV ~= first + 6 or ARGV[first + 1] ~= '0' or ARGV[first + 2] ~= '-' or ARGV[first + 3] ~= '-'
    or ARGV[first + 5] ~= '-' then return nil end
  local counter, ttl_ms, id = ARGV[1], ARGV[2], ARGV[first]
  local known = redis.call('MGET', schema, producer) -- nil also for what is no string: refused further on
  local last = known[2] and tonumber(string.match(known[2], '^(%d+) %S+ %d+$'))
  if known[1] ~= '1' or not last or tonumber(counter) ~= last + 1 or #ttl_ms > 15
    or not string.find(ttl_ms, '^[1-9]%d*$') or redis.call('HEXISTS', jobs, id) == 1 then return nil end
  local asleep = redis.call('LLEN', wake) == 0
  redis.call('HINCRBY', counts, 'enqueued', 1) -- first, for it is what may yet be refused; or this, and is undone
  local entry = redis.pcall('XADD', stream, '*', 'i', id)
  if type(entry) ~= 'string' then
    redis.call('HINCRBY', counts, 'enqueued', -1)
    error(entry.err)
  end
  redis.call('SET', producer, counter .. ' ' .. id .. ' 1', 'PX', ttl_ms)
  redis.call('HSET', jobs, id, '.' .. entry .. ' ' .. ARGV[first + 4] .. ' -\n' .. ARGV[first + 6])
  if asleep then redis.call('LPUSH', wake, '1') end
  tally_one(sums, ARGV[first + 4], 0, string.sub(entry, 1, 13))
  return 'OK*1'
end
