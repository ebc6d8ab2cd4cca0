--# include lib/pump_sweep.lua
--# include lib/resettle.lua
--# include lib/timer_gate.lua
--# include lib/write_all.lua
-- Writes what a pass has done.
local function store_pass(pump, view, taken)
  local keys, rates, ends, slots = pump.keys, {}, {}, {}
  for id, tat in pairs(pump.rates) do rates[#rates + 1], rates[#rates + 2] = string.format('%.3f', tat), id end
  for lane, at in pairs(view.ends) do ends[#ends + 1], ends[#ends + 2] = at, lane end
  for i, slot in ipairs(pump.slots) do slots[2 * i - 1], slots[2 * i] = 0, slot end
  write_all('ZADD', keys.rates, rates)
  write_all('ZADD', keys.slots, slots)
  pump.rates, pump.slots = {}, {}
  if next(ends) then
    redis.call('ZADD', keys.lanes, unpack(ends))
    redis.call('HSET', keys.places, '!now', whole(pump.present))
  end
  if #view.out > 0 then
    redis.call('ZREM', keys.parked, unpack(view.out))
    drop_timers(keys, taken)
  end
  store_swept(keys, view)
  local seats, empty = {}, {}
  for name, lane in pairs(view.lanes) do
    for seat, gate in pairs(lane.seats) do
      if view.ends[name] then seats[seat] = { gate, name } end
      if lane.left == 0 and not lane.limit then empty[seat] = true end
    end
  end
  for gate in pairs(view.gates) do -- the longest not looked at is next
    if not view.looks[gate] and gate ~= '*' then view.looks[gate] = pump.now end
  end
  resettle(keys, pump.now, view.moved, { seats = seats, gates = view.gates, looks = view.looks, wants = view.wants,
    heads = view.heads, only = view.only, empty = empty })
end
