--# include lib/heap.lua
-- Lanes take turns by the priority of their first job, then by virtual time. They come in that order mostly: so
-- they stand in a list, and a heap takes those that come out of it.
local function queue_lane(view, lane)
  local head = lane.classes[1]
  if head and not (lane.limit and head.key > lane.limit) then
    lane.band = tonumber(string.sub(head.key, 1, 1))
    lane.key = lane.band * 1e14 + lane.start
    local last = view.list[#view.list]
    if not last or last.key <= lane.key then
      view.list[#view.list + 1] = lane
    else
      heap_push(view.heap, lane)
    end
  elseif lane.limit then -- the rest of it wasn't read: nobody may overtake it
    view.bound = math.min(view.bound, tonumber(string.sub(lane.limit, 1, 1)) * 1e14 + lane.start)
  end
end

-- The lane whose turn it is, and whether it is the list's.
local function first_lane(view)
  local lane, other = view.list[view.first], view.heap[1]
  if other and not (lane and before(lane, other)) then return other, false end
  return lane, true
end

local function drop_lane(view, listed)
  if listed then view.first = view.first + 1 else heap_pop(view.heap) end
end

local function lanes_left(view)
  return #view.heap + #view.list + 1 - view.first
end
