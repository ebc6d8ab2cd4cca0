--# include lib/heap.lua
-- A lane takes its turn by the priority of its first job, then by virtual time.
local function queue_lane(view, lane)
  local head = lane.classes[1]
  if head and not (lane.limit and head.key > lane.limit) then
    lane.band = tonumber(string.sub(head.key, 1, 1))
    lane.key = lane.band * 1e14 + lane.start
    heap_push(view.heap, lane)
  elseif lane.limit then -- the rest of it wasn't read: nobody may overtake it
    view.bound = math.min(view.bound, tonumber(string.sub(lane.limit, 1, 1)) * 1e14 + lane.start)
  end
end
