-- The answer to a worker's last settling call, kept so that a repeat after a lost reply is told what
-- became of it (Kafka's idempotent producer does the same): nil if `seq` is not that call.
local function replayed(replies, worker, seq)
  local last = redis.call('HGET', replies, worker)
  if not last then return nil end
  local number, text = string.match(last, '^(%S+) (.*)$')
  if number ~= seq then return nil end
  local words = {}
  for word in string.gmatch(text, '%S+') do
    words[#words + 1] = word == 'OK' and 'ALREADY' or word
  end
  return words
end

local function remember_reply(replies, worker, seq, words)
  redis.call('HSET', replies, worker, seq .. ' ' .. table.concat(words, ' '))
end
