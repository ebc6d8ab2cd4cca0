-- What has had its time: rates in the past, ends of lanes that the present has passed; 400 at most.
local function trim_pump(pump)
  for key, before in pairs({ [pump.keys.rates] = pump.now, [pump.keys.lanes] = pump.present }) do
    local old = redis.call('ZRANGE', key, '-inf', whole(before), 'BYSCORE', 'LIMIT', 0, 400)
    if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  end
end

-- In how many ms a claim may bring jobs of the line (-1: not before something happens). One worker holds the
-- alarm and is told so; the others are told 100 ms more, or all would wake for the jobs that one takes.
local function next_look(pump, worker, full)
  local keys, at = pump.keys, pump.at
  if not at then return -1 end
  if at <= pump.now then
    if pump.present then trim_pump(pump) end
    if pump.stopped then return -1 end
    at = tonumber(redis.call('ZRANGE', keys.gates, 0, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')[2])
  end
  if not at or at == math.huge then return -1 end
  local wait = math.max(2, math.ceil((at - pump.now) / 1000)) -- due still: its steps were used up
  if full then return wait end
  local set_for, holder = string.match(redis.call('HGET', keys.places, '!alarm') or '', '^(%d+) (.*)$')
  set_for = tonumber(set_for)
  if set_for and holder ~= worker and set_for > pump.now - 50000 and set_for <= at + 1000 then return wait + 100 end
  redis.call('HSET', keys.places, '!alarm', whole(at) .. ' ' .. worker)
  return wait
end
