#!lua
-- Asks to be told, on a pub/sub channel, when jobs end; a job that has ended is answered at once.
-- Asking again changes nothing.
-- Returns for each job two values: `ended` and its outcome; `dead` and "state\nerror"; `waiting` and its
-- state (empty: untouched); or `unknown` and an empty string.
local jobs = KEYS[1]
local state = KEYS[2]
local results = KEYS[3]
local results_expiry = KEYS[4]
local errors = KEYS[5]
local waiters = KEYS[6] -- hash, id -> channels
local channel = ARGV[1]
local first_item = 2 -- ARGV[2...]: ids

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/write_all.lua

touch({ jobs, state, results, errors, waiters }, { results_expiry })
local ids = rest_column(first_item, 1, 1)
local now, reply = clock_ms(), {}
local states = redis.call('HMGET', state, unpack(ids))
local outcomes = redis.call('HMGET', results, unpack(ids))
local ends = redis.call('ZMSCORE', results_expiry, unpack(ids))
local asked = {}
for i, id in ipairs(ids) do
  local word, text = 'unknown', ''
  if outcomes[i] and tonumber(ends[i] or 0) > now then
    word, text = 'ended', outcomes[i]
  elseif states[i] and string.sub(states[i], 1, 1) == 'D' then
    word, text = 'dead', states[i] .. '\n' .. (redis.call('HGET', errors, id) or '')
  elseif redis.call('HEXISTS', jobs, id) == 1 then
    word, text = 'waiting', states[i] or ''
    local channels = redis.call('HGET', waiters, id) or ''
    if not string.find(' ' .. channels .. ' ', ' ' .. channel .. ' ', 1, true) then
      local _, spaces = string.gsub(channels, ' ', ' ')
      if spaces >= 99 then channels = string.match(channels, ' (.*)$') end -- the oldest looks again by itself
      asked[#asked + 1] = id
      asked[#asked + 1] = channels == '' and channel or channels .. ' ' .. channel
    end
  end
  reply[#reply + 1] = word
  reply[#reply + 1] = text
end
write_all('HSET', waiters, asked)
return reply
