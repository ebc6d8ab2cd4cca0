-- The stream had less than there is room for.
local function pump_rest(pump, room)
  if room <= 0 or not pump.works or pump.stopped or pump.worst == 9 then return end
  pump.worst, pump.share = 9, room
  pump.run(pump, room)
end
