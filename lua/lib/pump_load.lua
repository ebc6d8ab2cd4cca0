--# include lib/limiters.lua
--# include lib/pump_lanes.lua
--# include lib/pump_queue.lua
--# include lib/pump_rules.lua
-- A pass's view of the line: lanes by virtual time, with weights, pauses and limiters as they are now.
local function load_view(pump, room)
  local view = { gates = {}, lanes = {}, names = {}, limiters = {}, shapes = {}, bound = math.huge, list = {}, first = 1,
    heap = {}, moved = {}, looks = {}, wants = {}, out = {}, ends = {}, heads = {}, only = {}, swept = {} }
  read_lanes(pump, view, room)
  if #view.names == 0 then return view end
  local ends = redis.call('ZMSCORE', pump.keys.lanes, unpack(view.names))
  local settings, paused = read_rules(pump, view)
  load_limiters(pump.keys, view.limiters, settings)
  for i, name in ipairs(view.names) do
    local lane = view.lanes[name]
    local ended = tonumber(ends[i] or 0)
    lane.start = math.max(ended, pump.present)
    if ended > lane.low then -- served elsewhere since: sort it in anew
      view.ends[name], lane.turn, pump.progress = ended, nil, true
    end
    lane.left = #lane.classes
    local weight = settings('weight ' .. name)
    lane.cost = weight and math.max(1, math.floor(1e4 / tonumber(weight) + 0.5)) or 1e4
    for _, class in ipairs(lane.classes) do class.paused = paused(lane, class) end
    queue_lane(view, lane)
  end
  return view
end
