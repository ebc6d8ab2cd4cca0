-- Writes what a pass has done.
local function store_pass(pump, view, taken)
  local keys, rates, ends, slots = pump.keys, {}, {}, {}
  for id, tat in pairs(pump.rates) do rates[#rates + 1], rates[#rates + 2] = string.format('%.3f', tat), id end
  for lane, at in pairs(view.ends) do ends[#ends + 1], ends[#ends + 2] = whole(at), lane end
  for i, slot in ipairs(pump.slots) do slots[2 * i - 1], slots[2 * i] = 0, slot end
  if #rates > 0 then redis.call('ZADD', keys.rates, unpack(rates)) end
  if #slots > 0 then redis.call('ZADD', keys.slots, unpack(slots)) end
  pump.rates, pump.slots = {}, {}
  if #ends > 0 then
    redis.call('ZADD', keys.lanes, unpack(ends))
    redis.call('HSET', keys.places, '!now', whole(pump.present))
  end
  if #view.out > 0 then
    redis.call('ZREM', keys.parked, unpack(view.out))
    drop_timers(keys, taken)
  end
  local seats = {}
  for lane in pairs(view.ends) do
    for seat, of in pairs(view.lanes[lane].seats) do seats[seat] = of end
  end
  for gate in pairs(view.gates) do -- the longest not looked at is next
    if not view.looks[gate] and gate ~= '*' then view.looks[gate] = pump.now end
  end
  resettle(keys, pump.now, view.moved, { seats = seats, gates = view.gates, looks = view.looks, wants = view.wants })
end

-- Takes up to `room` jobs out of the line into `pump.taken`, each with the instant at which it may start: no
-- priority below band `pump.worst`, and of the default and lower ones at most `pump.share`.
local function pump_jobs(pump, room)
  local goal = #pump.taken + room
  repeat
    pump.progress = false
    local first = #pump.taken + 1
    local view = run_pass(pump, goal - first + 1)
    store_pass(pump, view, { unpack(pump.taken, first) })
    pump.page = math.min(pump.page * 4, 100)
  until not pump.progress or #pump.taken >= goal or pump.steps <= 0 or pump.share <= 0
end

-- What has had its time: rates in the past, ends of lanes that the present has passed; 400 at most.
local function trim_pump(pump)
  for key, before in pairs({ [pump.keys.rates] = pump.now, [pump.keys.lanes] = pump.present }) do
    local old = redis.call('ZRANGE', key, '-inf', whole(before), 'BYSCORE', 'LIMIT', 0, 400)
    if #old > 0 then redis.call('ZREM', key, unpack(old)) end
  end
end
