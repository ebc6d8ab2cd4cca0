--# include lib/pump_serve.lua
--# include lib/limiters.lua
-- One job of the lane whose turn it is, if its first class may start.
local function serve_lane(pump, view, lane, room)
  local class = lane.classes[1]
  local at, by = earliest(class, pump.now)
  if by and at > pump.now + class.ahead then
    heap_pop(lane.classes)
    return stop_class(pump, view, lane, class, at, by)
  end
  if not class.jobs then load_class(pump, view, class, room) end
  local member = class.jobs[class.at]
  local order, id = string.match(string.sub(member, #class.name + 2), '^(%S+) (.*)$')
  charge(pump, class, at, id)
  pump.taken[#pump.taken + 1] = { id = id, order = order, class = class.name, at = at }
  view.out[#view.out + 1] = member
  pump.present = math.max(pump.present, lane.start)
  lane.start = lane.start + lane.cost
  view.ends[lane.name] = lane.start
  view.moved[class.name] = view.moved[class.name] or (class.gate ~= class.home and class.home)
  class.at = class.at + 1
  heap_pop(lane.classes)
  local following = class.jobs[class.at]
  if following then
    class.key = string.sub(following, #class.name + 2)
    view.heads[class.name] = class.key
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
