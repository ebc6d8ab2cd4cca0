#!lua flags=allow-oom
-- Renews a worker's claims and says that it lives. A lease that was lost is never taken back: the token
-- is looked for first (a bare XCLAIM would steal a reclaimed job).
-- Returns a word per claim token: OK, LEASELOST.
local leases = KEYS[1] -- zset, token by deadline
local workers = KEYS[2] -- zset, worker by the time until which it counts as alive
local worker = ARGV[1]
local alive_ms = tonumber(ARGV[2])
local lease_ms = tonumber(ARGV[3])
local first_token = 4 -- ARGV[4...]: claim tokens, none is fine

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/write_all.lua

touch({}, { leases, workers })
check_numbers(1, alive_ms, lease_ms)
local now = clock_ms()
local words, renewed = {}, {}
if #ARGV >= first_token then
  local tokens = { unpack(ARGV, first_token) }
  local deadlines = redis.call('ZMSCORE', leases, unpack(tokens))
  for i, token in ipairs(tokens) do
    words[i] = deadlines[i] and 'OK' or 'LEASELOST'
    if deadlines[i] then
      renewed[#renewed + 1] = whole(now + lease_ms)
      renewed[#renewed + 1] = token
    end
  end
end
write_all('ZADD', leases, renewed, 'XX')
redis.call('ZADD', workers, whole(now + alive_ms), worker)
return words
