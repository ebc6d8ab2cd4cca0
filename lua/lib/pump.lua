--# include lib/pump_pass.lua
--# include lib/pump_store.lua
-- Takes up to `room` jobs out of the line into `pump.taken`, each with the instant at which it may start: no
-- priority below band `pump.worst`, and of the default and lower ones at most `pump.share`.
local function pump_jobs(pump, room)
  local goal = #pump.taken + room
  repeat
    pump.progress = false
    local first = #pump.taken + 1
    local view = run_pass(pump, goal - first + 1)
    store_pass(pump, view, { unpack(pump.taken, first) })
    pump.page = #pump.taken - first + 1 >= pump.page and 100 or math.min(pump.page * 4, 100)
  until not pump.progress or #pump.taken >= goal or pump.steps <= 0 or pump.share <= 0
end
