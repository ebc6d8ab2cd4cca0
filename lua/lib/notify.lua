-- Sends `<id>\n<text>` to every channel on which somebody waits for these jobs, an empty text where there
-- is only news; returns the jobs that anybody waits for. One command when nobody waits in this queue.
local function tell(waiters, ids, texts)
  if #ids == 0 or redis.call('EXISTS', waiters) == 0 then return {} end
  local channels, told = redis.call('HMGET', waiters, unpack(ids)), {}
  for i, id in ipairs(ids) do
    if channels[i] then
      told[#told + 1] = id
      for channel in string.gmatch(channels[i], '%S+') do
        redis.call('PUBLISH', channel, id .. '\n' .. (texts[i] or ''))
      end
    end
  end
  return told
end

-- Tells whoever waits for these jobs how they ended; `outcomes[i]` belongs to `ids[i]`.
local function notify(waiters, ids, outcomes)
  local told = tell(waiters, ids, outcomes)
  if #told > 0 then redis.call('HDEL', waiters, unpack(told)) end
end

-- Adds summaries to a list of ended jobs, which keeps the last 1,000. Those of jobs that a schedule made, whose
-- ids say so, are kept for `watch` too.
local function push_ended(list, lines, schedule_ended)
  if #lines == 0 then return end
  redis.call('LPUSH', list, unpack(lines))
  redis.call('LTRIM', list, 0, 999)
  for _, line in ipairs(lines) do
    if string.sub(line, 8, 11) == '_at_' then
      redis.call('LPUSH', schedule_ended, line)
      redis.call('LTRIM', schedule_ended, 0, 9999)
    end
  end
end
