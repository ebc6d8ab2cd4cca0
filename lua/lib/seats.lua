--# include lib/clock.lua
--# include lib/class.lua
--# include lib/lists.lua
-- A lane has one seat at each gate where classes of it wait, sorted by `key`: a digit for the priority of
-- its first job there, then 14 digits of its virtual time (start-time fair queueing: a lane starts at the
-- present, or where its last service ended). Makes seats true again; `seats[seat]` = {gate, lane}.
local function reseat(keys, seats, fresh, empty)
  local names, lanes = {}, {}
  for seat, of in pairs(seats) do
    names[#names + 1] = seat
    lanes[#names] = of[2]
  end
  if #names == 0 then return end
  local present = tonumber(redis.call('HGET', keys.places, '!now') or 0)
  local stored, ends = redis.call('HMGET', keys.places, unpack(names)), redis.call('ZMSCORE', keys.lanes, unpack(lanes))
  local gone, added, set, unset = {}, {}, {}, {}
  for i, seat in ipairs(names) do
    local gate, lane, key = seats[seat][1], lanes[i], nil
    local first = fresh[seat] -- where nobody sat before, who has come is all there is
    if stored[i] or not first then
      first = not (empty[seat] and not first) and behind(first_lex(keys.line, seat), seat)
    end
    if first then
      local from = stored[i] and tonumber(stored[i]) % 1e14 or present
      local band = tonumber(string.sub(first, 1, 1))
      key = string.format('%015.0f', band * 1e14 + math.max(from, tonumber(ends[i] or 0)))
    end
    if key ~= (stored[i] or nil) then
      if stored[i] then gone[#gone + 1] = gate .. '\0' .. stored[i] .. '\0' .. lane end
      if key then
        added[#added + 1], added[#added + 2] = 0, gate .. '\0' .. key .. '\0' .. lane
        set[#set + 1], set[#set + 2] = seat, key
      else
        unset[#unset + 1] = seat
      end
    end
  end
  change_lex(keys.turns, gone, added)
  change_hash(keys.places, unset, set)
end
