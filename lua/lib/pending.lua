-- How many entries are pending in the group, the id of the last entry it was given ("0-0" where there is
-- no group yet), and how many it has not been given, where the server can tell.
local function pending_count(stream)
  if redis.call('EXISTS', stream) == 0 then return 0, '0-0' end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local facts = {}
    for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
    if facts.name == 'workers' then return facts.pending, facts['last-delivered-id'], facts.lag end
  end
  return 0, '0-0'
end
