--# include lib/settings.lua
--# include lib/limiters.lua
--# include lib/pump_lanes.lua
--# include lib/pump_queue.lua
-- A pass's view of the line: lanes by virtual time, with weights, pauses and limiters as they are now.
local function load_view(pump, room)
  local view = { gates = {}, lanes = {}, names = {}, limiters = {}, bound = math.huge, heap = {},
    moved = {}, looks = {}, wants = {}, out = {}, ends = {}, heads = {} }
  read_lanes(pump, view, room)
  if #view.names == 0 then return view end
  local ends, names, seen = redis.call('ZMSCORE', pump.keys.lanes, unpack(view.names)), {}, {}
  local any = redis.call('EXISTS', pump.keys.limits) == 1
  for id in pairs(any and view.limiters or {}) do names[#names + 1] = string.match(id, '^.([^!]*)') end
  for _, name in ipairs(any and view.names or {}) do
    names[#names + 1], names[#names + 2] = 'weight ' .. name, 'pause lane ' .. name
    for _, class in ipairs(view.lanes[name].classes) do
      class.task = string.match(class.name, '^[^|]*')
      if not seen[class.task] then seen[class.task], names[#names + 1] = true, 'pause task ' .. class.task end
    end
  end
  local settings = read_settings(pump.keys.limits, names)
  load_limiters(pump.keys, view.limiters, settings)
  for i, name in ipairs(view.names) do
    local lane = view.lanes[name]
    local ended = tonumber(ends[i] or 0)
    lane.start = math.max(ended, pump.present)
    if ended > lane.low then view.ends[name], pump.progress = ended, true end -- served elsewhere since: sort it in anew
    lane.left = #lane.classes
    lane.cost = math.max(1, math.floor(1e4 / (tonumber(any and settings('weight ' .. name)) or 1) + 0.5))
    for _, class in ipairs(lane.classes) do
      class.paused = any and (settings('pause lane ' .. name) and 'L' .. name
        or settings('pause task ' .. class.task) and 'T' .. class.task) or nil
      class.ahead = class.rates > 1 and 5000 or class.rates == 1 and 20000 or 0
    end
    queue_lane(view, lane)
  end
  return view
end
