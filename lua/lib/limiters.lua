--# include lib/spacing.lua
-- Limiters as a pump sees them. `rates` holds the theoretical arrival time of each rate (GCRA: with a burst
-- of b a job may start at `tat - (b - 1) * interval`), and under `h` and its id until when a limiter is held;
-- slots are counted. What is published or was set at run time beats the numbers that came with the job.
local function load_limiters(keys, limiters, settings)
  local ids, rates = {}, {}
  for id in pairs(limiters) do ids[#ids + 1] = id end
  if #ids == 0 then return end
  for i, id in ipairs(ids) do rates[2 * i - 1], rates[2 * i] = id, 'h' .. id end
  rates = redis.call('ZMSCORE', keys.rates, unpack(rates))
  for i, id in ipairs(ids) do
    local lim = limiters[id]
    local kind, first, second = string.match(settings(string.sub(id, 2)) or settings(string.match(id, '^.([^!]*)')) or '', '^(%a) (%S+) ?(%S*)$')
    if kind ~= lim.kind then first, second = lim.first, lim.second end
    lim.hold = tonumber(rates[2 * i] or 0)
    if lim.kind == 'r' then
      lim.interval, lim.burst = spacing(tonumber(first) or 0), tonumber(second) or 1
      lim.tat = tonumber(rates[2 * i - 1] or 0)
    else
      lim.max = tonumber(first) or 1
      lim.used = redis.call('ZLEXCOUNT', keys.slots, '[' .. id .. '\0', '(' .. id .. '\1')
    end
  end
end

-- When a job of this class may start, and what says so (nil: nothing, now): all its limiters, or none.
local function earliest(class, now_us)
  if class.paused then return math.huge, class.paused end
  local at, by = now_us, nil
  for _, use in ipairs(class.uses) do
    local lim, free = use.limiter, use.limiter.hold
    if lim.kind == 'r' then
      free = math.max(free, lim.tat + (math.min(use.cost, lim.burst) - lim.burst) * lim.interval)
    elseif lim.used >= lim.max then
      free = math.huge
    end
    if free > at then at, by = free, lim.id end
  end
  return at, by
end
