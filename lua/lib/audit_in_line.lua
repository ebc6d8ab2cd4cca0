--# include lib/class.lua
-- What a job has in the line: its member of `parked`, its being out of it without an entry, its slots. True
-- where it has no entry in the stream.
local function audit_job_in_line(keys, id, place, entry, class, aside, wrong)
  local no_entry = string.byte(entry) == 38
  local member = class .. '\0' .. string.sub(entry, 2) .. ' ' .. id
  local there = redis.call('ZSCORE', keys.parked, member) and true or false
  if there ~= (place == 'P') then wrong('a parked job is in the line', keys.parked, id) end
  local out = redis.call('ZSCORE', keys.pumped, id) and true or false
  if out ~= (no_entry and (place == 'R' or place == 'N')) then wrong('what runs has an entry or was pumped', keys.pumped, id) end
  local slots = {}
  if place == 'R' and no_entry then class_slots(class, id, slots) end
  for _, slot in ipairs(slots) do
    if not redis.call('ZSCORE', keys.slots, slot) then wrong('what runs has its slots', keys.slots, id) end
  end
  local lane = home_of(class)
  if place == 'S' and aside ~= '' and lane ~= '*' and not redis.call('ZSCORE', keys.slots, lane .. '\0' .. id) then
    wrong('who waits for a retry keeps its ordered lane', keys.slots, id)
  end
  return no_entry or place == 'S' or place == 'D'
end
