--# include lib/class.lua
--# include lib/settings.lua
--# include lib/limiters.lua
-- Gives back the starts that these jobs were granted by rates and did not use, each `{id, since (ms)}`, and has who
-- waits there looked at: where it was the last that the rate gave, all is as if it had never been granted. What it
-- gave later counts from this one, and stays. Jobs whose rate was changed meanwhile get nothing back.
local function refund_starts(keys, unused, now_us)
  if #unused == 0 then return end
  local ids, uses, limiters, names, rates, looks = {}, {}, {}, {}, {}, {}
  table.sort(unused, function(one, other) return tonumber(one.since) > tonumber(other.since) end)
  for i, job in ipairs(unused) do ids[i] = job.id end
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(ids))) do
    local _, _, task, options = parse_record(record or '')
    local class = task and class_of(task, options) or ''
    for _, limiter in ipairs(task and select(3, class_parts(class)) or {}) do
      local kind, id, numbers = unpack(limiter)
      if kind == 'r' then
        local first, second, cost = string.match(numbers, '^([^=]*)=?([^=]*)=?([^=]*)$')
        limiters[id] = limiters[id] or { id = id, kind = kind, first = first, second = second }
        uses[#uses + 1] = { id = id, cost = tonumber(cost) or 1, since = unused[i].since * 1000, home = home_of(class) }
        names[#names + 1], names[#names + 2] = string.sub(id, 2), string.match(id, '^.([^!]*)')
      end
    end
  end
  load_limiters(keys, limiters, read_settings(keys.limits, names))
  for _, use in ipairs(uses) do
    local limiter = limiters[use.id]
    local before = limiter.tat - use.cost * limiter.interval -- `since` is this instant, rounded up, where it was the last
    if before <= use.since and before > use.since - 1001 then
      limiter.tat = before
      rates[#rates + 1], rates[#rates + 2] = string.format('%.3f', before), use.id
      looks[#looks + 1], looks[#looks + 2] = whole(now_us), use.id
      looks[#looks + 1], looks[#looks + 2] = whole(now_us), use.home
    end
  end
  if #rates == 0 then return end
  redis.call('ZADD', keys.rates, unpack(rates))
  redis.call('ZADD', keys.gates, 'XX', 'LT', unpack(looks))
end
