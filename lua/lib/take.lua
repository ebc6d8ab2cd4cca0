--# include lib/takeover.lua
-- Decides about each: handed out, too late, or not to be touched (an entry read again after the group
-- was lost, whose job runs, is among the returned or stranded ones, or is gone). Returns the ids taken, their
-- new states, and what is too late.
local function take_candidates(found, jobs, state, token, now, hand_out)
  local taken, states, late, ids = {}, {}, {}, found.ids
  found.stale, found.keyed = {}, {}
  if #ids == 0 then return taken, states, late end
  local old = redis.call('HMGET', state, unpack(ids))
  local records = redis.call('HMGET', jobs, unpack(ids))
  local tail = ' ' .. token .. ' ' .. whole(now)
  local n = 0
  for i, id in ipairs(ids) do
    local place, attempt, crashes, entry = parse_state(old[i])
    local record, read = records[i], found.entries[i]
    if not entry and record and not (read and string.find(record, read .. ' ', 2, true) == 2) then
      entry = select(2, parse_record(record)) -- untouched since enqueue, and not put here
    end
    entry = entry or read
    if not record or not entry or (read and entry ~= read) then
      found.stale[#found.stale + 1] = read
    elseif place ~= 'R' and not (i > found.taken_over and (place == 'B' or place == 'N')) then
      attempt, crashes = attempt or 0, crashes or 0
      local flag, _, task, options = '.', nil, nil, nil
      if string.byte(record) ~= 46 then flag, _, task, options = parse_record(record) end
      local mark = options and string.find(options, '[uz]=') and ' +' or ''
      if flag == 'x' and (tonumber(record_option(options, 'x')) or math.huge) <= now then
        late[#late + 1] = { id = id, entry = entry, attempt = attempt, task = task, marked = mark ~= '' }
      else
        found.entries[i] = entry
        n = n + 1 taken[n] = id
        states[2 * n - 1] = id
        states[2 * n] = (place and 'R ' .. attempt + 1 .. ' ' .. crashes .. ' ' or 'R 1 0 ') .. entry .. tail .. mark
        if mark ~= '' then found.keyed[#found.keyed + 1] = { id = id, options = options, to = 'r' } end
        hand_out(id, attempt + 1, crashes, record, entry, place)
      end
    end
  end
  return taken, states, late
end
