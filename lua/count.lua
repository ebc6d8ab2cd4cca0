#!lua flags=no-writes
-- How many jobs are where, and what the queue has seen since it was made. All of it at one instant.
-- Returns names and numbers in turn: waiting, scheduled, stranded, parked, heirs, running, dead, jobs, results,
-- workers, oldest_ms (age of the job that is next, -1: none), next_due_ms, now_ms; then the counters.
local jobs = KEYS[1]
local stream = KEYS[2]
local returned = KEYS[3]
local stranded = KEYS[4]
local scheduled = KEYS[5]
local dead = KEYS[6]
local results = KEYS[7]
local workers = KEYS[8]
local counts = KEYS[9]
local parked = KEYS[10]
local pumped = KEYS[11]
local heirs = KEYS[12]

--# include lib/clock.lua
--# include lib/pending.lua

local now = clock_ms()
local pending, last_delivered = pending_count(stream)
local back, side = redis.call('ZCARD', returned), redis.call('ZCARD', stranded)
local oldest = -1
local first = redis.call('ZRANGE', returned, 0, 0, 'WITHSCORES')[2]
local unread = redis.call('XRANGE', stream, '(' .. last_delivered, '+', 'COUNT', 1)[1]
if unread then oldest = now - tonumber(string.match(unread[1], '^%d+')) end
if first then oldest = math.max(oldest, now - math.floor(tonumber(first))) end
local due = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
local reply = {
  'waiting', redis.call('XLEN', stream) - pending + back,
  'scheduled', redis.call('ZCARD', scheduled),
  'stranded', side,
  'parked', redis.call('ZCARD', parked),
  'heirs', redis.call('HLEN', heirs),
  'running', math.max(0, pending + redis.call('ZCARD', pumped) - back - side), -- less only while a lost group is not read again
  'dead', redis.call('ZCARD', dead),
  'jobs', redis.call('HLEN', jobs),
  'results', redis.call('HLEN', results),
  'workers', redis.call('ZCOUNT', workers, whole(now), '+inf'),
  'oldest_ms', oldest,
  'next_due_ms', due and math.max(0, tonumber(due) - now) or -1,
  'now_ms', now,
}
for _, value in ipairs(redis.call('HGETALL', counts)) do reply[#reply + 1] = tonumber(value) or value end
return reply
