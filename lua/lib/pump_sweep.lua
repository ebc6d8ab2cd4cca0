-- A lane that had this one job: what it had in the line goes, and nothing has to be looked up for that.
local function sweep_lane(view, lane, class)
  local seat = class.gate .. '\0' .. lane.name
  local at = #view.swept + 1
  view.swept[at] = { seat, class.name, seat .. '\0' .. class.key .. '\0' .. class.name, lane.turn }
  lane.classes, lane.seats = {}, {}
end

-- What is left of lanes that are empty now and had one seat with one class in it.
local function store_swept(keys, view)
  local fields, members, gone = {}, {}, {}
  for i, lane in ipairs(view.swept) do
    fields[2 * i - 1], fields[2 * i], members[i], gone[i] = unpack(lane)
  end
  if #gone == 0 then return end
  redis.call('HDEL', keys.places, unpack(fields))
  redis.call('ZREM', keys.line, unpack(members))
  redis.call('ZREM', keys.turns, unpack(gone))
end
