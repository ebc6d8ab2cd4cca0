--# include lib/settings.lua
-- What was set for the limiters of this view and, where any are set at all, the weights and pauses of its lanes.
-- The second answer: of a class, who stops it because of a pause.
local function read_rules(pump, view)
  local names, more = { '!weights', '!lanes', '!paused', '!keys' }, {}
  for id in pairs(view.limiters) do names[#names + 1] = string.match(id, '^.([^!]*)') end
  local limits = pump.keys.limits
  local settings = read_settings(limits, names)
  local weights, lanes, tasks, keys = settings('!weights'), settings('!lanes'), settings('!paused'), settings('!keys')
  if not (weights or lanes or tasks or keys) then return settings, function() end end
  local seen = {}
  for id in pairs(keys and view.limiters or {}) do more[#more + 1] = string.sub(id, 2) end
  for _, name in ipairs(view.names) do
    if weights then more[#more + 1] = 'weight ' .. name end
    if lanes then more[#more + 1] = 'pause lane ' .. name end
    for _, class in ipairs(tasks and view.lanes[name].classes or {}) do
      local task = 'pause task ' .. string.match(class.name, '^[^|]*')
      if not seen[task] then seen[task], more[#more + 1] = true, task end
    end
  end
  local own = read_settings(limits, more)
  return function(name) return settings(name) or own(name) end, function(lane, class)
    local task = string.match(class.name, '^[^|]*')
    return own('pause lane ' .. lane.name) and 'L' .. lane.name or own('pause task ' .. task) and 'T' .. task or nil
  end
end
