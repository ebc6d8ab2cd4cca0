-- The answer to a worker's last settling call, kept so that a repeat after a lost reply is told what
-- became of it (Kafka's idempotent producer does the same): nil if `seq` is not that call.
local function replayed(replies, worker, seq)
  local last = redis.call('HGET', replies, worker)
  if not last then return nil end
  local number, text = string.match(last, '^(%S+) (.*)$')
  if number ~= seq then return nil end
  local words, times = {}, string.match(text, '^OK%*(%d+)$')
  for i = 1, tonumber(times or 0) do words[i] = 'ALREADY' end
  if times then return words end
  for word in string.gmatch(text, '%S+') do
    words[#words + 1] = word == 'OK' and 'ALREADY' or word
  end
  return words
end

-- A word per item, or the one text `OK*n` where all are OK.
local function in_short(words)
  for _, word in ipairs(words) do
    if word ~= 'OK' then return words end
  end
  return 'OK*' .. #words
end

-- A call of which nothing was accepted is not noted: a repeat is refused again, and a late one (of a worker that
-- was stopped) must not take the place of the answer to a later one.
local function remember_reply(replies, worker, seq, words)
  local short, refused = in_short(words), true
  for i = 1, short == words and #words or 0 do refused = refused and words[i] == 'LEASELOST' end
  if refused and short == words then return end
  redis.call('HSET', replies, worker, seq .. ' ' .. (short == words and table.concat(words, ' ') or short))
end
