--# include lib/pump_serve.lua
--# include lib/pump_class.lua
--# include lib/pump_sweep.lua
--# include lib/limiters.lua
-- One job of the lane whose turn it is, if its first class may start.
local function serve_lane(pump, view, lane, room)
  local class = lane.classes[1]
  local at, by = earliest(class, pump.now)
  if at > pump.now + class.ahead then
    heap_pop(lane.classes)
    return stop_class(pump, view, lane, class, at, by)
  end
  if not class.jobs then load_class(pump, view, class, room) end
  local member = class.jobs[class.at]
  local order, id = string.match(class.key, '^(%S+) (.*)$')
  charge(pump, class, at, id)
  pump.taken[#pump.taken + 1] = { id = id, order = order, class = class.name, at = at }
  view.out[#view.out + 1] = member
  pump.present = math.max(pump.present, lane.start)
  lane.start = lane.start + lane.cost
  view.ends[lane.name] = lane.start
  class.at = class.at + 1
  if class.only and lane.turn then return sweep_lane(view, lane, class) end
  view.moved[class.name] = view.moved[class.name] or (class.gate ~= class.home and class.home)
  heap_pop(lane.classes)
  local following = class.jobs[class.at]
  if following then
    class.key = string.sub(following, #class.name + 2)
    view.heads[class.name], view.only[class.name] = class.key, not class.full and not class.jobs[class.at + 1]
    heap_push(lane.classes, class)
    return
  end
  view.heads[class.name] = nil
  if not class.full then
    view.heads[class.name], lane.left = false, lane.left - 1
  elseif not (lane.limit and lane.limit < class.key) then -- its next job wasn't read
    lane.limit = class.key
  end
end
