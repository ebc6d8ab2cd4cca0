--# include lib/class.lua
--# include lib/lists.lua
--# include lib/placed.lua
--# include lib/write_all.lua
-- A lane has one seat at each gate where classes of it wait, sorted by `key`: a digit for the priority of
-- its first job there, then 14 digits of its virtual time (start-time fair queueing: a lane starts at the
-- present, or where its last service ended). Makes seats true again; `seats[seat]` = {gate, lane}, and true: an ordered
-- lane's first has come now. `fresh` the first of those that came, `joined` the class, if it was one. Who sits alone is known, or not.
local function reseat(keys, seats, fresh, joined, empty)
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
    local gate, lane, first, came, key = seats[seat][1], lanes[i], fresh[seat], joined[seat], nil
    local turn, alone = seat_place(stored[i])
    local stays = came and came == alone -- its first job is another one now, and that is all
    if not first or (turn and not stays) then
      first = not (empty[seat] and not first) and behind(first_lex(keys.line, seat), seat)
    end
    if not turn then alone = came or '' elseif came ~= nil and not stays then alone = '' end
    if first then
      local from = turn and tonumber(turn) % 1e14 or present
      key = string.format('%s%014.0f', string.sub(first, 1, 1), math.max(from, tonumber(ends[i] or 0)))
    end
    seats[seat][3] = string.byte(gate) == 111 and first and came ~= nil and string.sub(first, 1, #fresh[seat]) == fresh[seat]
    if turn and turn ~= key then gone[#gone + 1] = gate .. '\0' .. turn .. '\0' .. lane end
    if key and turn ~= key then added[#added + 1], added[#added + 2] = 0, gate .. '\0' .. key .. '\0' .. lane end
    local text = key and seat_text(key, alone)
    if text and text ~= stored[i] then set[#set + 1], set[#set + 2] = seat, text end
    if turn and not key then unset[#unset + 1] = seat end
  end
  write_all('ZREM', keys.turns, gone) write_all('ZADD', keys.turns, added)
  write_all('HSET', keys.places, set) write_all('HDEL', keys.places, unset)
end
