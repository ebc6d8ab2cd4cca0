--# include lib/pump_load.lua
--# include lib/pump_lane.lua
-- One pass: as many jobs as there is room, time and proof that none that wasn't read comes before.
local function run_pass(pump, room)
  local view = load_view(pump, room)
  local before, first = #pump.taken, #pump.taken + room
  while #pump.taken < first and pump.steps > 0 do
    local lane, listed = first_lane(view)
    if not lane or lane.key > view.bound or lane.band > pump.worst then break end
    if lane.band >= 5 and pump.share <= 0 then break end
    drop_lane(view, listed)
    local taken = #pump.taken
    serve_lane(pump, view, lane, room)
    if #pump.taken > taken and lane.band >= 5 then pump.share = pump.share - 1 end
    pump.steps = pump.steps - 1
    if lane.classes[1] or lane.limit then queue_lane(view, lane) end
  end
  pump.progress = pump.progress or #pump.taken > before
  return view
end
