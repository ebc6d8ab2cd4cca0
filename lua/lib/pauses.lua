-- The field of `limits` under which a pause stands; anything else is a malformed call.
local function pause_field(what, name)
  if what == 'queue' and name == '' then return 'pause' end
  if (what ~= 'task' and what ~= 'lane') or name == '' then error('no such thing to pause') end
  return 'pause ' .. what .. ' ' .. name
end
